"""The registry of ways of tuning, filled by the modules beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llmkit.registry import Registry, discover


@dataclass(frozen=True)
class Way:
    """`adapt(model, config)` gives the model that learns; in it only what learns has a gradient.

    `soft`: virtual tokens, which live beside the weights and cannot be merged. `bits`: how many
    the base's weights must be held in, None for any.
    """

    name: str
    label: str
    summary: str
    config: type[Any]
    adapt: Callable[[Any, Any], Any]
    makes_adapter: bool = True
    merges: bool = True
    soft: bool = False
    bits: int | None = None


WAYS: Registry[Way] = Registry("way of tuning")


def file(way: Way) -> Way:
    return WAYS.register(way.name)(way)


def get(name: str) -> Way:
    """The way of that name, or RegistryError with near names."""
    load()
    return WAYS.get(name)


def names() -> list[str]:
    load()
    return WAYS.names()


@cache
def load() -> None:
    discover("llmkit.tuning.kinds", [str(Path(__file__).parent / "kinds")])
