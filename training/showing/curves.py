"""A run's measures along its steps, in a number of points that does not grow with the run.

Up to MOST steps each has a point of its own; then the points stand for 2, 4, 8, … steps, each with
the mean of what was measured in them. What is not a finite number makes a gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

MOST = 500


@dataclass
class Bin:
    """The steps of one point: the last of them, the sum and the count of their values."""

    step: int
    total: float = 0.0
    count: int = 0

    @property
    def value(self) -> float | None:
        return self.total / self.count if self.count else None

    def add(self, other: "Bin") -> None:
        self.step = max(self.step, other.step)
        self.total += other.total
        self.count += other.count


@dataclass
class Curve:
    """`width`: how many steps one point stands for. `broken`: the first step whose value was no
    finite number."""

    width: int = 1
    broken: int | None = None
    _bins: dict[int, Bin] = field(default_factory=dict)

    def add(self, step: int, value: float | None) -> None:
        """A second value of a step takes the place of the first while steps stand alone."""
        one = Bin(step)
        if value is not None and isfinite(value):
            one.total, one.count = float(value), 1
        elif self.broken is None:
            self.broken = step
        place = step // self.width
        if place in self._bins and self.width > 1:
            self._bins[place].add(one)
        else:
            self._bins[place] = one
        while len(self._bins) > MOST:
            self._widen()

    def cut(self, after: int) -> None:
        """Forget what came after a step: the run went on from there."""
        self._bins = {p: one for p, one in self._bins.items() if p * self.width <= after}
        if self.broken is not None and self.broken > after:
            self.broken = None

    def _widen(self) -> None:
        self.width *= 2
        wider: dict[int, Bin] = {}
        for place, one in sorted(self._bins.items()):
            wider.setdefault(place // 2, Bin(one.step)).add(one)
        self._bins = wider

    @property
    def points(self) -> list[tuple[int, float | None]]:
        return [(one.step, one.value) for _, one in sorted(self._bins.items())]

    @property
    def values(self) -> list[float]:
        """Those that are numbers, in order."""
        return [value for _, value in self.points if value is not None]


@dataclass
class Curves:
    """All measures of a run, from its events; `resumes` are the steps it went on from."""

    by_name: dict[str, Curve] = field(default_factory=dict)
    resumes: list[tuple[int, float]] = field(default_factory=list)

    def take(self, event: Mapping[str, Any]) -> None:
        match event["kind"]:
            case "metrics":
                for name, value in event["values"].items():
                    self.by_name.setdefault(name, Curve()).add(event["step"], value)
            case "resumed":
                self.resumes.append((event["step"], event["at"]))
                for curve in self.by_name.values():
                    curve.cut(event["step"])

    def values(self, name: str) -> list[float]:
        return self.by_name[name].values if name in self.by_name else []
