"""What a loop of our own goes on from: what learns, its optimiser, every source of chance."""

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.run.several import rank

PARAMETERS, REST = "parameters.safetensors", "state.pt"


def learning(modules: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter with a gradient, under a name that a new process finds again."""
    return {
        f"{name}/{path}": parameter
        for name, module in modules.items()
        for path, parameter in module.named_parameters()
        if parameter.requires_grad
    }


@dataclass
class State:
    """`extra` holds plain numbers and lists, such as a controller's coefficient."""

    parameters: Mapping[str, Any]
    optimiser: Any
    step: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    def snapshot(self) -> dict[str, Any]:
        """A copy of all of it, in memory: what a step that is broken off returns to."""
        return {
            "step": self.step,
            "extra": copy.deepcopy(self.extra),
            "parameters": {n: p.detach().cpu().clone() for n, p in self.parameters.items()},
            "optimiser": copy.deepcopy(self.optimiser.state_dict()),
            "chance": chance(),
        }

    def load_parameters(self, folder: Path) -> None:
        import torch
        from safetensors.torch import load_file

        stored = load_file(folder / PARAMETERS)
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(stored[name])

    def load(self, folder: Path) -> None:
        import torch

        self.load_parameters(folder)
        rest = torch.load(folder / REST, weights_only=True)
        self.optimiser.load_state_dict(rest["optimiser"])
        self.step, self.extra = rest["step"], rest["extra"]
        take_chance(rest["chance"][rank() % len(rest["chance"])])


def write_state(folder: Path, snapshot: Mapping[str, Any]) -> None:
    import torch
    from safetensors.torch import save_file

    rest = {name: snapshot[name] for name in ("step", "extra", "optimiser", "chance")}
    parameters = {name: tensor.contiguous() for name, tensor in snapshot["parameters"].items()}
    save_file(parameters, folder / PARAMETERS)
    torch.save(rest, folder / REST)


def chance() -> dict[str, Any]:
    import torch

    version, numbers, gauss = random.getstate()
    found: dict[str, Any] = {
        "python": [version, list(numbers), gauss],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is drawn in the block changes nothing of what is drawn after it."""
    before = chance()
    try:
        yield
    finally:
        take_chance(before)


def take_chance(found: Mapping[str, Any]) -> None:
    import torch

    version, numbers, gauss = found["python"]
    random.setstate((version, tuple(numbers), gauss))
    torch.set_rng_state(found["torch"])
    if "cuda" in found and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(found["cuda"])
