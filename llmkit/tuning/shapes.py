"""A model's numbers as the memory plan needs them, from its configuration and file headers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmkit.engine.memory import is_linear, tensors_in
from llmkit.tuning.memory_plan import Shape

WIDTH = ("hidden_size", "n_embd", "d_model")
LAYERS = ("num_hidden_layers", "n_layer", "num_layers")
HEADS = ("num_attention_heads", "n_head", "num_heads")
FEED_FORWARD = ("intermediate_size", "n_inner", "ffn_dim", "d_ff")
GATES = ("gate_proj", "gate_up_proj", "wi_0", "w1.")


def shape_of(folder: Path) -> Shape:
    """0 layers where an architecture's configuration uses other names. ValueError or OSError where
    the folder can't be read."""
    config = json.loads((folder / "config.json").read_text())
    text = config.get("text_config") or config
    tensors = list(tensors_in(folder))
    linear = [tensor for tensor in tensors if is_linear(tensor)]
    width = first(text, WIDTH)
    return Shape(
        parameters=sum(tensor.numbers for tensor in tensors),
        packed=sum(tensor.numbers for tensor in linear),
        rows=sum(tensor.shape[0] for tensor in linear),
        layers=first(text, LAYERS) if width else 0,
        width=width,
        kv=kv_width(text, width),
        feed_forward=first(text, FEED_FORWARD) or 4 * width,
        vocabulary=int(text.get("vocab_size") or 0),
        gated=any(gate in tensor.name for tensor in linear for gate in GATES),
    )


def first(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((int(config[name]) for name in names if config.get(name)), 0)


def kv_width(config: Mapping[str, Any], width: int) -> int:
    heads = first(config, HEADS) or 1
    each = config.get("head_dim") or width // heads
    return int(config.get("num_key_value_heads") or heads) * int(each)
