"""The points of the leaderboard's charts, with the table that each is drawn from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.services.board import Board, Column, Row
from evaluation.templatetags.board_numbers import score, signed, span
from training.templatetags.sizes import as_bytes

AGAINST = {
    "size": "Size",
    "seconds": "Time to measure",
    "tokens": "Tokens",
    "memory": "Memory",
}
TICKS = {"size": as_bytes, "seconds": span, "tokens": lambda n: f"{n:,}", "memory": as_bytes}


@dataclass(frozen=True)
class Point:
    name: str
    x: float
    x_text: str
    y: float
    y_text: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Change:
    name: str
    parent: str
    before: str
    after: str
    change: float
    change_text: str


@dataclass(frozen=True)
class Charts:
    """`column` is what both charts show; `against` what stands across in the first."""

    column: Column
    against: str
    against_title: str
    points: Sequence[Point]
    changes: Sequence[Change]

    @property
    def title(self) -> str:
        return f"{self.column.label} of {self.column.title}"

    @property
    def data(self) -> dict[str, Any]:
        return {
            "measure": self.column.label,
            "against": self.against_title,
            "unit": self.against,
            "points": [asdict(point) for point in self.points],
            "changes": [asdict(change) for change in self.changes],
        }


def charts(board: Board, key: str, against: str) -> Charts | None:
    """Of the column named by `key`, or the first one."""
    column = next((c for c in board.columns if c.key == key), next(iter(board.columns), None))
    if column is None:
        return None
    against = against if against in AGAINST else "size"
    points = [point(row, column, against) for row in board.rows]
    return Charts(
        column, against, AGAINST[against], [p for p in points if p], changes(board, column)
    )


def point(row: Row, column: Column, against: str) -> Point | None:
    x = getattr(row, against)
    if column.key not in row.cells or not x:
        return None
    one = row.cells[column.key].score
    text = TICKS[against](x)
    return Point(row.name, float(x), text, one.value, score(one.value), one.low, one.high)


def changes(board: Board, column: Column) -> list[Change]:
    """Each model whose parent stands in the column too, the widest change first."""
    values = {
        row.model.pk: row.cells[column.key].score.value
        for row in board.unfiltered
        if row.model and column.key in row.cells
    }
    found = []
    for row in board.rows:
        if row.model is None or row.model.pk not in values or row.model.parent_id not in values:
            continue
        before, after = values[row.model.parent_id], values[row.model.pk]
        parent = row.model.parent.name if row.model.parent else ""
        gap = after - before
        found.append(Change(row.name, parent, score(before), score(after), gap, signed(gap)))
    return sorted(found, key=lambda change: -abs(change.change))
