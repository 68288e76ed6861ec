"""A table whose cells are the darker the higher their value; the numbers stand in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from feedback.figures.dots import number
from feedback.figures.figure import Figure

STEPS = 5


@dataclass(frozen=True)
class Cell:
    """`value` from -1 to 1; None is empty. `note` tells what it stands on."""

    value: float | None = None
    note: str = ""

    @property
    def text(self) -> str:
        return "" if self.value is None else number(self.value)

    @property
    def heat(self) -> str:
        """`p0`..`p5` above zero, `n1`..`n5` below it: names of shades in figures.css."""
        if self.value is None:
            return ""
        step = min(round(abs(self.value) * STEPS), STEPS)
        return f"n{step}" if self.value < 0 and step else f"p{step}"


@dataclass(frozen=True)
class HeatTable(Figure):
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    template: ClassVar[str] = "feedback/figures/heat.html"
