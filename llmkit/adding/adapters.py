"""An adapter from a folder or the hub, checked against the model that it is to sit on."""

import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llmkit.adding.errors import AddError, printable
from llmkit.adding.files import CARD, listed
from llmkit.adding.inspecting import Facts, read_json
from llmkit.adding.licences import licence_of
from llmkit.adding.request import Progress, Report
from llmkit.adding.space import require_disk
from llmkit.adding.watching import growth_of
from llmkit.adding.weights import Weights, tensors

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
TAKEN = (CONFIG, WEIGHTS, CARD, "LICENSE", "LICENCE", "NOTICE")


def wanted_of(names: list[str]) -> list[str]:
    """What is taken of these files. AddError where they are no adapter that can be read."""
    if CONFIG not in names:
        raise AddError(
            f"There is no {CONFIG}, so this is no adapter. Leave “Sits on” empty to add a model."
        )
    if WEIGHTS not in names:
        pickle = next((name for name in names if name.endswith((".bin", ".pt"))), "")
        reason = f"Its weights are a pickle ({pickle}), which can run code." if pickle else ""
        raise AddError(f"{reason} Look for a version with {WEIGHTS}.".strip())
    return [name for name in names if name in TAKEN]


def copy(source: Path, folder: Path, report: Report) -> None:
    if not source.is_dir():
        raise AddError(f"There is no folder {source} on the server.")
    names = wanted_of(listed(source))
    size = sum((source / name).stat().st_size for name in names)
    require_disk(folder, size)
    with growth_of(folder, "Copying", size, report):
        for name in names:
            shutil.copyfile(source / name, folder / name)


def checked(base: Path, folder: Path, report: Report) -> dict[str, Any]:
    """The facts about an adapter that fits its model."""
    report(Progress("Checking"))
    config = read_json(folder / CONFIG)
    weights = Weights()
    for tensor in tensors(folder / WEIGHTS):
        weights.add(tensor)
    require_fit(base, folder)
    facts = Facts(
        architecture=printable(str(config.get("peft_type", "")), 200),
        parameters=weights.parameters,
        dtype=weights.dtype,
        size_bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        licence=licence_of(folder),
        window=None,
    )
    return asdict(facts)


def require_fit(base: Path, folder: Path) -> None:
    """AddError unless every one of its weights has its place in the model. No weight is read."""
    try:
        wanted = places(base, folder)
    except AddError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise AddError(f"It can't sit on {base.name}: {reason}") from error
    found = shapes_in(folder / WEIGHTS)
    if odd := sorted(set(found) ^ set(wanted)):
        raise AddError(f"It was not made for {base.name}: the two disagree about {odd[0][:120]}.")
    for name, shape in found.items():
        if math.prod(shape) != math.prod(wanted[name]) or shape != wanted[name]:
            raise AddError(f"It was not made for {base.name}: {name[:120]} has another shape.")


def places(base: Path, folder: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each weight that an adapter of this configuration has on this model."""
    import torch
    from peft import PeftConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AutoConfig

    from llmkit.engine.architecture import model_class
    from llmkit.tuning import bottleneck  # noqa: F401  so that PEFT knows such adapters

    shape = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    config = PeftConfig.from_pretrained(str(folder))
    config.inference_mode = True
    if hasattr(config, "prompt_tuning_init"):
        config.prompt_tuning_init = "RANDOM"
    if hasattr(config, "init_lora_weights"):
        config.init_lora_weights = True
    with torch.device("meta"):
        model = get_peft_model(model_class(shape).from_config(shape), config)
        weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise AddError(f"{path.name} is not a safetensors file, or it is damaged.") from error
