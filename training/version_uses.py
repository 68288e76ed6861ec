"""What depends on a model version, so that it is not taken away: adapters, runs, later scores.

Rooms above this one say it about their own things: they register a source.
"""

from collections.abc import Callable
from dataclasses import dataclass

from training.models import ModelVersion


@dataclass(frozen=True)
class Dependant:
    """`name` in words, such as "the run fox"; `url` is its page."""

    name: str
    url: str = ""


Source = Callable[[ModelVersion], list[Dependant]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def dependants_of(version: ModelVersion) -> list[Dependant]:
    return [found for source in _sources for found in source(version)]
