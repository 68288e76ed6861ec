"""Where a value stands on an axis, in per cent of its length, and which values are named on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

WANTED = 4


@dataclass(frozen=True)
class Tick:
    value: float
    at: float

    @property
    def text(self) -> str:
        return f"{self.value:g}".replace("-", "−")


@dataclass(frozen=True)
class Scale:
    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float], *, low: float, high: float) -> "Scale":
        """From `low` to `high`, wider where a value needs it."""
        known = [low, high, *values]
        step = step_of(max(known) - min(known))
        widest = cls(floor(min(known) / step) * step, ceil(max(known) / step) * step)
        return cls(
            low if min(known) >= low else widest.low, high if max(known) <= high else widest.high
        )

    def at(self, value: float) -> float:
        """Per cent from the beginning, never outside the axis."""
        span = self.high - self.low or 1.0
        return round(min(max((value - self.low) / span, 0), 1) * 100, 2)

    @property
    def ticks(self) -> list[Tick]:
        step = step_of(self.high - self.low)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        values = [round(k * step, 10) for k in range(first, last + 1)]
        return [Tick(value, self.at(value)) for value in values]


def step_of(span: float) -> float:
    """A round distance (1, 2 or 5 times a power of ten) that cuts the span into a few parts."""
    if span <= 0:
        return 1.0
    power = 10.0 ** floor(log10(span / WANTED))
    return next(power * k for k in (1, 2, 5, 10) if span / (power * k) <= WANTED + 1)
