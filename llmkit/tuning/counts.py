"""How many numbers learn, before anything is built and after."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Counts:
    """`share` of the model's own parameters, as 0.0124 for 1.24 %."""

    trainable: int
    total: int

    @property
    def share(self) -> float:
        return self.trainable / self.total if self.total else 0.0


def counted(model: Any) -> Counts:
    """Of a model as it is; a weight that is used twice counts once, packed ones unpacked."""
    parameters = {id(p): p for p in model.parameters()}.values()
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return Counts(trainable, sum(numbers_in(p) for p in parameters))


def numbers_in(parameter: Any) -> int:
    """4-bit weights lie two to a byte; their state knows the true shape."""
    state = getattr(parameter, "quant_state", None)
    return int(state.shape.numel()) if state is not None else int(parameter.numel())


def lora_parameters(rows: int, columns: int, rank: int) -> int:
    """Of the two thin matrices beside a weight of rows × columns."""
    return rank * (rows + columns)


def in_adapter(folder: Path) -> int:
    """Of a saved adapter, by the header of its file."""
    from llmkit.engine.memory import header

    found = header(folder / "adapter_model.safetensors")
    return sum(prod(f["shape"]) for name, f in found.items() if name != "__metadata__")


def before_building(folder: str, way: str, config: Any) -> Counts:
    """Of a model in a folder under a way of tuning; no weight is read (torch's meta device)."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    from llmkit.tuning.ways import get

    shape = AutoConfig.from_pretrained(folder, local_files_only=True)
    auto = AutoModelForSeq2SeqLM if shape.is_encoder_decoder else AutoModelForCausalLM
    with torch.device("meta"):
        model = auto.from_config(shape)
        whole = counted(model).total
        tuned = counted(get(way).adapt(model, config))
    return Counts(tuned.trainable, whole)
