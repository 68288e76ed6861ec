"""Small figures about a version, as numbers that a template draws."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from training.kinds import KINDS
from training.models import DatasetVersion
from training.rows import Row
from training.services.datasets import DatasetError, rows_of
from training.statistics import Lengths

WIDTH, HEIGHT = 320, 72
COUNTED_AT_ONCE = 20_000_000
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Bar:
    """A bar of the drawing, and its row in the table. `words`: the lengths it stands for."""

    x: float
    y: float
    width: float
    height: float
    words: str
    count: int


@dataclass(frozen=True)
class Figure:
    """How long the texts of one column are."""

    name: str
    rows: int
    characters: Mapping[str, float]
    words: Mapping[str, float]
    bars: tuple[Bar, ...]

    @property
    def end(self) -> str:
        return self.bars[-1].words if self.bars else ""


def of(version: DatasetVersion) -> list[Figure]:
    """One figure per column that holds text; none where it was not counted and is too large."""
    return [figure(name, facts) for name, facts in statistics(version).items()]


def statistics(version: DatasetVersion) -> dict[str, Any]:
    """As counted when it was built; versions made elsewhere are counted once they are looked at."""
    found = version.report.get("statistics")
    if found is not None:
        return dict(found)
    if version.size > COUNTED_AT_ONCE:
        return {}
    key = f"dataset-statistics:{version.content_hash}"
    counted: dict[str, Any] | None = cache.get(key)
    if counted is None:
        counted = count(version)
        cache.set(key, counted, DAY)
    return counted


def count(version: DatasetVersion) -> dict[str, Any]:
    kind, lengths = KINDS.get(version.dataset.kind), Lengths()
    try:
        for row in every_row(version, kind.file):
            lengths.add(kind.texts(row))
    except (DatasetError, KeyError, TypeError):
        return {}
    return lengths.summary()


def every_row(version: DatasetVersion, beginning: str) -> Iterator[Row]:
    for name in version.files:
        if name.startswith(beginning):
            yield from rows_of(version, name)


def figure(name: str, facts: Mapping[str, Any]) -> Figure:
    return Figure(name, facts["rows"], facts["characters"], facts["words"], bars(facts))


def bars(facts: Mapping[str, Any]) -> tuple[Bar, ...]:
    found: Sequence[Mapping[str, Any]] = facts["histogram"]
    most = max((bar["count"] for bar in found), default=0) or 1
    step = WIDTH / max(1, len(found))
    return tuple(drawn(place, bar, step, most) for place, bar in enumerate(found))


def drawn(place: int, bar: Mapping[str, Any], step: float, most: int) -> Bar:
    height = round(HEIGHT * bar["count"] / most, 1)
    if bar["count"]:
        height = max(height, 1.0)
    low, high = bar["from"], bar["to"]
    words = f"{low:,} or more" if high is None else f"{low:,} to {high - 1:,}"
    if high is not None and high - low == 1:
        words = f"{low:,}"
    return Bar(
        round(place * step, 1), HEIGHT - height, round(step - 2, 1), height, words, bar["count"]
    )
