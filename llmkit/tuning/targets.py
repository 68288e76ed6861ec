"""Where in a model tuning may take hold, found by the names that architectures use."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llmkit.configs import ConfigError

ATTENTION_OUTPUTS = ("o_proj", "out_proj", "attn.c_proj", "attention.dense", "SelfAttention.o")
FEED_FORWARD_OUTPUTS = ("down_proj", "fc2", "mlp.c_proj", "dense_4h_to_h", "DenseReluDense.wo")
KEYS_AND_VALUES = (("k_proj", "v_proj"), ("query_key_value",), ("c_attn",), ("k", "v"))
NUMBER = re.compile(r"\.(?:layers|h|block|blocks)\.(\d+)\.")


def task_of(model: Any) -> str:
    """PEFT's name for what the model does."""
    return "SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM"


def ends_with(name: str, part: str) -> bool:
    return name == part or name.endswith(f".{part}")


def present(model: Any, parts: tuple[str, ...]) -> list[str]:
    names = [name for name, _ in model.named_modules()]
    return [part for part in parts if any(ends_with(name, part) for name in names)]


def attention_outputs(model: Any) -> list[str]:
    return found(present(model, ATTENTION_OUTPUTS), "where its attention ends")


def feed_forward_outputs(model: Any) -> list[str]:
    return found(present(model, FEED_FORWARD_OUTPUTS), "where its feed-forward ends")


def keys_and_values(model: Any) -> list[str]:
    groups = (present(model, group) for group in KEYS_AND_VALUES)
    return found(next((group for group in groups if group), []), "its keys and values")


def found(names: list[str], what: str) -> list[str]:
    if not names:
        raise ConfigError("target_modules", f"This model does not show {what}. Name the layers.")
    return names


def layer_number(name: str) -> int | None:
    match = NUMBER.search(f".{name}.")
    return int(match.group(1)) if match else None


def is_late(model: Any, name: str, layers: int) -> bool:
    """Whether the module is in one of the model's last layers."""
    number = layer_number(name)
    total = int(model.config.get_text_config().num_hidden_layers)
    return number is not None and number >= total - layers


def linear_in_last(model: Any, layers: int) -> list[str]:
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    names = (n for n, module in model.named_modules() if isinstance(module, (nn.Linear, Conv1D)))
    return found([name for name in names if is_late(model, name, layers)], "numbered layers")


@contextmanager
def told(way: str) -> Iterator[None]:
    """What PEFT says against a model or a setting becomes one sentence."""
    try:
        yield
    except ConfigError:
        raise
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise ConfigError("peft", f"This model can't be tuned by {way}: {reason}") from error
