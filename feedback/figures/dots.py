"""Values with their intervals under each other, on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from feedback.figures.figure import Figure
from feedback.figures.scale import Scale


@dataclass(frozen=True)
class Dot:
    """One row. `value` None is undefined: the row says so. `n` is how much it stands on, in `unit`
    where rows differ in that.
    """

    label: str
    value: float | None
    interval: tuple[float, float] | None = None
    n: int | None = None
    url: str = ""
    unit: str = ""

    @property
    def text(self) -> str:
        return number(self.value)

    @property
    def n_text(self) -> str:
        return "–" if self.n is None else f"{self.n:,} {self.unit}".rstrip()

    @property
    def interval_text(self) -> str:
        return f"{number(self.interval[0])} to {number(self.interval[1])}" if self.interval else "–"


@dataclass(frozen=True)
class Placed:
    """A dot with its place in per cent of the axis; None where there is nothing to draw."""

    dot: Dot
    x: float | None
    start: float | None
    end: float | None


@dataclass(frozen=True)
class DotPlot(Figure):
    """`reference` draws a line where a value means nothing (chance, one half)."""

    dots: Sequence[Dot]
    low: float = 0.0
    high: float = 1.0
    reference: float | None = None
    named: str = "Measure"
    counted: str = "n"
    template: ClassVar[str] = "feedback/figures/dots.html"

    @property
    def scale(self) -> Scale:
        values = [dot.value for dot in self.dots if dot.value is not None]
        ends = [end for dot in self.dots if dot.interval for end in dot.interval]
        return Scale.around([*values, *ends], low=self.low, high=self.high)

    @property
    def reference_at(self) -> float | None:
        return None if self.reference is None else self.scale.at(self.reference)

    @property
    def placed(self) -> list[Placed]:
        scale = self.scale
        return [placed(dot, scale) for dot in self.dots]


def placed(dot: Dot, scale: Scale) -> Placed:
    low, high = dot.interval or (None, None)
    places = [None if value is None else scale.at(value) for value in (dot.value, low, high)]
    return Placed(dot, *places)


def number(value: float | None) -> str:
    """Two decimals with a true minus; a dash where the value is undefined."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")
