"""Ways of choosing examples from the pool. Each module here is one way, found by discovery.

A way gets the pool's inputs as texts, the text of the new input and the Shots, and returns
positions in the order in which the examples are shown. An example with the same input as the new
one would give its answer away, so the caller leaves it out of `candidates` for every automatic
way. Only "picked" shows it all the same, because a person chose it knowingly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmkit.registry import Registry, discover

if TYPE_CHECKING:
    from llmkit.prompts.shots import Shots

Similar = Callable[[str, Sequence[str]], Sequence[int]]
"""Ranks texts by how near they are to a query: positions in the texts, nearest first."""


@dataclass(frozen=True)
class Choice:
    """What a way may look at. `candidates` are positions in `pool` that don't leak the answer."""

    shots: "Shots"
    query: str
    pool: Sequence[str]
    candidates: Sequence[int]
    similar: Similar | None = None


@dataclass(frozen=True)
class Way:
    """`label` completes "Examples: …" in the interface."""

    label: str
    choose: Callable[[Choice], list[int]]


ways: Registry[Way] = Registry("way of choosing examples")
discover(__name__, __path__)
