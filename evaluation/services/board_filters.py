"""What of the leaderboard is wanted, as its address says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Q
from django.http import QueryDict

if TYPE_CHECKING:
    from evaluation.models import ScoreQuerySet
    from evaluation.services.board import Column, Row

MILLION = 1_000_000
SIZES = {
    "": (0, None),
    "small": (0, 500 * MILLION),
    "middle": (500 * MILLION, 3000 * MILLION),
    "large": (3000 * MILLION, None),
}
COSTS = ("tokens", "seconds", "memory", "size", "win", "date")


@dataclass(frozen=True)
class Filters:
    """`columns` are keys, empty for the main ones; `sort` is a column's key, a cost, or a name."""

    base: str = ""
    method: str = ""
    size: str = ""
    benchmark: str = ""
    since: date | None = None
    until: date | None = None
    columns: tuple[str, ...] = ()
    every_measure: bool = False
    sort: str = ""
    up: bool = False

    @property
    def are_set(self) -> bool:
        named = (self.base, self.method, self.size, self.benchmark, self.since, self.until)
        return any(named)

    def narrowed(self, scores: "ScoreQuerySet") -> "ScoreQuerySet":
        """What the database can tell."""
        wanted = Q()
        if self.benchmark:
            wanted &= Q(run__benchmark=self.benchmark) | Q(task=self.benchmark)
        if self.since:
            wanted &= Q(run__ended_at__date__gte=self.since)
        if self.until:
            wanted &= Q(run__ended_at__date__lte=self.until)
        return scores.filter(wanted)

    def keeps(self, row: "Row") -> bool:
        low, high = SIZES.get(self.size, (0, None))
        size = row.parameters
        fits = not self.size or (size is not None and low <= size < (high or size + 1))
        return fits and self.base in ("", row.base) and self.method in ("", row.method or "none")

    def chosen(self, every: "Sequence[Column]") -> "list[Column]":
        """Those that were asked for; the main ones where none was."""
        named = [column for column in every if column.key in self.columns]
        if named:
            return named
        return [column for column in every if self.every_measure or column.main] or list(every)

    def sorted(self, rows: "Sequence[Row]", columns: "Sequence[Column]") -> "list[Row]":
        """By a column, best first; by a cost, least first; unknown values last."""
        by_name = sorted(rows, key=lambda row: row.name.casefold())
        if self.sort == "name":
            return by_name[::-1] if self.up else by_name
        column = next((c for c in columns if c.key == self.sort), None)
        if column is None and self.sort not in COSTS:
            column = columns[0] if columns else None
        if column is None:
            return ordered(by_name, {row.subject: cost(row, self.sort) for row in rows}, self.up)
        values = {row.subject: value(row, column.key) for row in rows}
        best_first = column.direction is not False
        return ordered(by_name, values, best_first != self.up)


def value(row: "Row", key: str) -> float | None:
    return row.cells[key].score.value if key in row.cells else None


def cost(row: "Row", name: str) -> float | None:
    if name == "win":
        return None if row.win_rate is None else -row.win_rate
    if name == "date":
        ended = row.newest.ended_at
        return None if ended is None else -ended.timestamp()
    found: float | None = getattr(row, name)
    return found


RowType = TypeVar("RowType", bound="Row")


def ordered(
    rows: "Sequence[RowType]", values: Mapping[str, float | None], downwards: bool
) -> "list[RowType]":
    known = [row for row in rows if values[row.subject] is not None]
    known.sort(key=lambda row: values[row.subject] or 0.0, reverse=downwards)
    return [*known, *(row for row in rows if values[row.subject] is None)]


def filters_in(given: QueryDict) -> Filters:
    """What the address does not know or spells wrong is as if it were not there."""

    def text(name: str) -> str:
        return (given.get(name) or "").strip()[:200]

    size = text("size")
    return Filters(
        base=text("base"),
        method=text("method"),
        size=size if size in SIZES else "",
        benchmark=text("benchmark"),
        since=day(text("since")),
        until=day(text("until")),
        columns=tuple(key[:10] for key in given.getlist("column")[:200]),
        every_measure=text("measures") == "all",
        sort=text("sort"),
        up=text("up") == "1",
    )


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
