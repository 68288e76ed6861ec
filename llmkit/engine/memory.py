"""How much memory the engine may use, and how much a model will need, before it is loaded.

The need is read off the headers of the weight files and the precision: the weights, the packed
copy that small batches use (packing.py), and an allowance for the keys and values of running
answers. Once a model is loaded its measured size takes the estimate's place.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.engine.precision import Precision
from llmkit.sizes import in_words
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.hub import EngineOptions

PROCESSOR_SHARE = 0.5  # web, jobs and the system live in the same memory
GPU_SHARE = 0.8
ALLOWED_TOKENS = 1024
HALF = ("F16", "BF16")
LIMIT_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
NOT_LINEAR = ("embed", "wte", "wpe", "lm_head", "shared.")
LARGEST_HEADER = 100_000_000
INT8_ROW_BYTES = 4  # one float32 scale a row
INT4_BLOCK, INT4_BLOCK_BYTES = 64, 4  # one float32 scale a block


@dataclass(frozen=True)
class Need:
    """Bytes. `cache` is the allowance for running answers, `weights` holds packed copies too."""

    weights: int
    cache: int

    @property
    def total(self) -> int:
        return self.weights + self.cache


@dataclass(frozen=True)
class Tensor:
    """`stored` is the type in the file, by safetensors' name for it."""

    name: str
    shape: tuple[int, ...]
    stored: str

    @property
    def numbers(self) -> int:
        return prod(self.shape)


def is_linear(tensor: Tensor) -> bool:
    """Whether it is the weight of a linear layer within the blocks, as far as names tell."""
    named = not any(part in tensor.name for part in NOT_LINEAR)
    return named and tensor.name.endswith("weight") and len(tensor.shape) == 2


def default_budget(device: Any) -> int:
    """A share of what the device has: half of a machine's memory, four fifths of a GPU's."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(device).total_memory * GPU_SHARE)
    return int(machine_memory() * PROCESSOR_SHARE)


def machine_memory() -> int:
    """Bytes that this machine, or the container around this process, has."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in map(Path, LIMIT_FILES):
        text = path.read_text().strip() if path.is_file() else ""
        sizes += [int(text)] if text.isdigit() else []
    return min(sizes)


def need_of(folder: Path, options: "EngineOptions") -> Need:
    """What loading the folder will take. EngineError(model_failed) where it cannot be read."""
    from llmkit.engine.loading import best_device, told_as_damage
    from llmkit.engine.precision import chosen, wanted

    device = best_device()
    precision = chosen(wanted(folder, options.dtype), device)
    with told_as_damage(folder):
        config = json.loads((folder / "config.json").read_text())
        tensors = list(tensors_in(folder))
        packed = packed_bytes(tensors, config, precision) if device.type == "cpu" else 0
        weights = sum(size_of(tensor, precision) for tensor in tensors)
        return Need(weights + packed, cache_allowance(config, precision, options.max_running))


def tensors_in(folder: Path) -> Iterator[Tensor]:
    """Every tensor that transformers would read, by the headers of its files."""
    for path in weight_files(folder):
        for name, facts in header(path).items():
            if name != "__metadata__":
                yield Tensor(name, tuple(facts["shape"]), facts["dtype"])


def weight_files(folder: Path) -> list[Path]:
    """The one file, or those that the index names; others in the folder are not read."""
    index = folder / "model.safetensors.index.json"
    if index.is_file() and not (folder / "model.safetensors").is_file():
        names = set(json.loads(index.read_text())["weight_map"].values())
        return [folder / name for name in sorted(names)]
    return [folder / "model.safetensors"]


def header(path: Path) -> dict[str, Any]:
    """The JSON at the beginning of a safetensors file: 8 bytes of its length, then itself."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= LARGEST_HEADER:
            raise ValueError(f"{path.name} does not begin as a safetensors file does.")
        found: dict[str, Any] = json.loads(file.read(length))
        return found


def size_of(tensor: Tensor, precision: Precision) -> int:
    if precision.quantisation is None or not is_linear(tensor):
        return int(tensor.numbers * precision.dtype.itemsize)
    if precision.name == "int8":
        return tensor.numbers + tensor.shape[0] * INT8_ROW_BYTES
    return tensor.numbers // 2 + tensor.numbers // INT4_BLOCK * INT4_BLOCK_BYTES


def packed_bytes(tensors: list[Tensor], config: dict[str, Any], precision: Precision) -> int:
    """The second copy of the linear layers in float32, where they are few enough to be packed.

    Of a quantised model that is the output layer alone. The lean decoder (fast/) packs weights that
    were stored in 16 bits into as many, and the output layer of an int8 model into 8; it drops the
    others, so that no second copy remains.
    """
    import torch

    from llmkit.engine.fast.products import fbgemm
    from llmkit.engine.packing import SHARE_OF_MEMORY

    lean = config.get("hidden_act") == "silu"
    tied = bool(config.get("tie_word_embeddings"))
    output = [t for t in tensors if ("embed_tokens" if tied else "lm_head") in t.name]
    if lean and precision.name == "int8" and fbgemm():
        kept = 0 if tied else precision.dtype.itemsize
        return (1 - kept) * sum(t.numbers for t in output)
    plain = precision.quantisation is None
    if precision.dtype != torch.float32 or (lean and plain and tensors[0].stored in HALF):
        return 0
    layers = output if precision.quantisation else [*output, *filter(is_linear, tensors)]
    packed = 4 * sum(t.numbers for t in layers)
    return packed if packed <= machine_memory() / SHARE_OF_MEMORY else 0


def cache_allowance(config: dict[str, Any], precision: Precision, rows: int) -> int:
    """Keys and values of `rows` answers of ALLOWED_TOKENS each, or of the window if it is less.

    0 for an architecture whose configuration uses other names.
    """
    text = config.get("text_config") or config
    heads = text.get("num_attention_heads") or 0
    width = text.get("head_dim") or (text.get("hidden_size") or 0) // max(heads, 1)
    kept = text.get("num_key_value_heads") or heads
    tokens = min(text.get("max_position_embeddings") or ALLOWED_TOKENS, ALLOWED_TOKENS)
    layers = text.get("num_hidden_layers") or 0
    return int(2 * layers * kept * width * precision.dtype.itemsize * tokens * rows)


def never_fits(name: str, need: int, budget: int) -> EngineError:
    return EngineError(
        f"{name} needs about {in_words(need)} of memory, but the engine may use "
        f"{in_words(budget)} for models. Give it a smaller precision, choose a smaller model, or "
        "raise ENGINE_MEMORY.",
        code="model_failed",
    )
