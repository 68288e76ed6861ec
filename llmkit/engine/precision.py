"""How a model's weights are held: as floats of 32 or 16 bits, or quantised by bitsandbytes.

`int8` is LLM.int8() (Dettmers et al. 2022, arXiv:2208.07339), `int4` is NF4 (Dettmers et al. 2023,
arXiv:2305.14314). Both quantise the linear layers alone; embeddings, norms and the output layer
stay floats, which also carry the computation. Whether a machine can do one of them is tried out on
a small layer, not looked up in a list.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llmkit.types import PRECISIONS, EngineError

SERVING = "serving.json"
FAST_BF16_FLAGS = {"amx_bf16", "avx512_bf16"}
TRIED_FEATURES = 64


@dataclass(frozen=True)
class Precision:
    """`dtype` is that of every tensor that is not quantised; `quantisation` is for transformers."""

    name: str
    dtype: Any
    quantisation: Any = None


def wanted(folder: Path, default: str | None) -> str:
    """What the folder's serving.json asks for, else the engine's own default."""
    path = folder / SERVING
    if not path.is_file():
        return default or "auto"
    try:
        name = json.loads(path.read_text()).get("precision", default or "auto")
    except (ValueError, AttributeError, RecursionError) as error:
        raise unusable(folder, "is not a JSON object") from error
    if name not in PRECISIONS:
        raise unusable(folder, f"asks for the precision {name!r}")
    return str(name)


def unusable(folder: Path, what: str) -> EngineError:
    return EngineError(
        f"The file {SERVING} of {folder.name} {what}. "
        f"Give it a precision: {', '.join(PRECISIONS)}.",
        code="model_failed",
    )


def chosen(name: str, device: Any) -> Precision:
    """The precision by its name, or EngineError(model_failed) that names what the device can do."""
    import torch

    base = best_dtype(device)
    if name == "auto":
        return Precision(short(base), base)
    problem = problem_with(name, str(device))
    if problem:
        able = [each for each in PRECISIONS[1:] if not problem_with(each, str(device))]
        raise EngineError(
            f"This machine cannot use {name} on its {device.type.upper()}: {problem}. "
            f"It can use {', '.join(able)}.",
            code="model_failed",
        )
    if name in ("int8", "int4"):
        return Precision(name, base, quantisation(name, base))
    return Precision(name, getattr(torch, name))


def best_dtype(device: Any) -> Any:
    """bfloat16 where the processor multiplies it natively; emulated it is slower than float32."""
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if FAST_BF16_FLAGS & cpu_flags() else torch.float32


def short(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def cpu_flags() -> set[str]:
    """The processor's feature flags, empty where the system does not list them."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def quantisation(name: str, dtype: Any) -> Any:
    from transformers import BitsAndBytesConfig

    # bitsandbytes says at every product that it computes in another dtype.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    if name == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


@cache
def problem_with(name: str, device: str) -> str:
    """Why the device cannot multiply with such weights, in a few words; empty where it can."""
    import torch

    layers: dict[str, Callable[[], Any]] = {"int8": int8_layer, "int4": int4_layer}
    dtype = torch.float32 if name in layers else getattr(torch, name)
    try:
        layer = layers[name]() if name in layers else torch.nn.Linear(TRIED_FEATURES, 1)
        layer = layer.to(device) if name in layers else layer.to(device, dtype)
        with torch.inference_mode():
            layer(torch.ones(1, TRIED_FEATURES, dtype=dtype, device=device))
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
    return ""


def int8_layer() -> Any:
    from bitsandbytes.nn import Linear8bitLt

    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return Linear8bitLt(TRIED_FEATURES, TRIED_FEATURES, has_fp16_weights=False)


def int4_layer() -> Any:
    import torch
    from bitsandbytes.nn import Linear4bit

    return Linear4bit(TRIED_FEATURES, TRIED_FEATURES, compute_dtype=torch.float32, quant_type="nf4")
