"""What depends on a dataset version, so that it is not deleted: runs, models, evaluations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.models import DatasetVersion


@dataclass(frozen=True)
class Dependant:
    """`name` in words, such as "run 12 of fox"; `url` is its page."""

    version: DatasetVersion
    name: str
    url: str = ""


Source = Callable[[Sequence[DatasetVersion]], list[Dependant]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def dependants_of(versions: Sequence[DatasetVersion]) -> list[Dependant]:
    return [found for source in _sources for found in source(versions)]
