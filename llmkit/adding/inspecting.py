"""What a model folder holds, read without running or loading anything of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmkit.adding.errors import AddError, printable
from llmkit.adding.files import CONFIG, listed, wanted
from llmkit.adding.licences import licence_of
from llmkit.adding.weights import read_weights

LARGEST_JSON = 50_000_000


@dataclass(frozen=True)
class Facts:
    """`window` in tokens, None where the config does not say; `licence` empty where unknown."""

    architecture: str
    parameters: int
    dtype: str
    size_bytes: int
    licence: str
    window: int | None


def inspect_folder(folder: Path) -> Facts:
    """The facts about a model; AddError where it must not or can't be served."""
    if not folder.is_dir():
        raise AddError(f"There is no folder {folder}.")
    names = wanted(listed(folder))
    config = checked_config(folder)
    weights = read_weights(folder)
    return Facts(
        architecture=architecture_of(config),
        parameters=weights.parameters,
        dtype=weights.dtype,
        size_bytes=sum((folder / name).stat().st_size for name in names),
        licence=licence_of(folder),
        window=window_of(config),
    )


def checked_config(folder: Path) -> dict[str, Any]:
    """The config; AddError where it or the tokenizer's asks for code of the model's own."""
    config = read_json(folder / CONFIG)
    tokenizer = folder / "tokenizer_config.json"
    for name, content in (
        (CONFIG, config),
        (tokenizer.name, read_json(tokenizer) if tokenizer.exists() else {}),
    ):
        if content.get("auto_map"):
            raise AddError(
                f"Its {name} asks for Python code of its own (auto_map), which is never run "
                "here. Look for a version that needs none."
            )
    return config


def read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError("too large")
        content = json.loads(path.read_text())
        if not isinstance(content, dict):
            raise TypeError("not an object")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise AddError(f"{path.name} can't be read: it is not the JSON it should be.") from error
    return content


def architecture_of(config: Mapping[str, Any]) -> str:
    named = config.get("architectures")
    first = named[0] if isinstance(named, list) and named else config.get("model_type", "")
    return printable(str(first), 200)


def window_of(config: Mapping[str, Any]) -> int | None:
    """The longest sequence in tokens, by whichever name this architecture gives it."""
    inner = config.get("text_config")
    places = [config, inner] if isinstance(inner, dict) else [config]
    for place in places:
        for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
            value = place.get(name)
            if isinstance(value, int) and 0 < value < 2**31:
                return value
    return None
