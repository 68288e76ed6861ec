"""A value with its interval along time, or along any other order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from feedback.figures.dots import Dot
from feedback.figures.figure import Figure
from feedback.figures.scale import Scale, Tick


@dataclass(frozen=True)
class Point:
    """Places in per cent of width and height, from the top left."""

    dot: Dot
    x: float
    y: float
    top: float | None
    bottom: float | None


@dataclass(frozen=True)
class Trend(Figure):
    """`dots` in order; one without a value leaves a gap."""

    dots: Sequence[Dot]
    low: float = 0.0
    high: float = 1.0
    named: str = "When"
    measured: str = "Value"
    counted: str = "n"
    template: ClassVar[str] = "feedback/figures/trend.html"

    @property
    def scale(self) -> Scale:
        values = [dot.value for dot in self.dots if dot.value is not None]
        ends = [end for dot in self.dots if dot.interval for end in dot.interval]
        return Scale.around([*values, *ends], low=self.low, high=self.high)

    @property
    def ticks(self) -> list[Tick]:
        return [Tick(tick.value, round(100 - tick.at, 2)) for tick in self.scale.ticks]

    @property
    def points(self) -> list[Point]:
        scale, room = self.scale, 100 / max(len(self.dots), 1)
        return [
            Point(dot, round((place + 0.5) * room, 2), 100 - scale.at(dot.value), *ends(dot, scale))
            for place, dot in enumerate(self.dots)
            if dot.value is not None
        ]

    @property
    def steps(self) -> list[tuple[Point, Point]]:
        """The lines between points."""
        return list(pairwise(self.points))


def ends(dot: Dot, scale: Scale) -> tuple[float | None, float | None]:
    if dot.interval is None:
        return None, None
    return 100 - scale.at(dot.interval[1]), 100 - scale.at(dot.interval[0])
