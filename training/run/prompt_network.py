"""What PEFT's checkpoints leave out: the network that makes P-tuning's vectors.

PEFT saves the vectors alone, which is all that an answer needs. A run that goes on, or returns to
its best weights, needs the network as well: with a new one its vectors would be others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "prompt_network.safetensors"


def network_of(model: Any) -> Any:
    """The module that makes the vectors; None for every other way of tuning."""
    config = getattr(model, "active_peft_config", None)
    return model.prompt_encoder if getattr(config, "peft_type", None) == "P_TUNING" else None


def keep(model: Any, folder: Path) -> None:
    from safetensors.torch import save_file

    if (network := network_of(model)) is not None:
        save_file(contiguous(network.state_dict()), folder / FILE)


def contiguous(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def take(model: Any, folder: Path) -> None:
    """As it was kept, where it was."""
    from safetensors.torch import load_file

    network = network_of(model)
    if network is not None and (folder / FILE).is_file():
        network.load_state_dict(load_file(folder / FILE))
