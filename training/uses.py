"""Who uses a model. Rooms above this one say it about their own things: they register a source."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Use:
    """`conversations` that are set to a model, answers being written with it now, and `batches`
    of prompts that it is to answer."""

    conversations: int = 0
    answers: int = 0
    batches: int = 0
    people: frozenset[str] = field(default_factory=frozenset)
    writing: frozenset[str] = field(default_factory=frozenset)

    def __add__(self, other: "Use") -> "Use":
        return Use(
            self.conversations + other.conversations,
            self.answers + other.answers,
            self.batches + other.batches,
            self.people | other.people,
            self.writing | other.writing,
        )


Source = Callable[[Collection[str]], dict[str, Use]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def uses_of(names: Collection[str]) -> dict[str, Use]:
    """Every name with its use by all rooms together."""
    total = {name: Use() for name in names}
    for source in _sources:
        for name, use in source(names).items():
            total[name] = total[name] + use
    return total
