"""How much happened by day, or by week or month where that many days would not fit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from feedback.figures.figure import Figure

MOST = 60


@dataclass(frozen=True)
class Bar:
    day: date
    count: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Bars(Figure):
    """`title` of `counts` by day; days without any count are drawn as gaps."""

    counts: Mapping[date, int]
    named: str = "Rankings"
    template: ClassVar[str] = "feedback/figures/bars.html"

    @property
    def period(self) -> str:
        return next(name for name, fits in SPANS.items() if len(days_of(self.counts, name)) <= fits)

    @property
    def caption(self) -> str:
        return f"{self.title} by {self.period}"

    @property
    def bars(self) -> list[Bar]:
        period = self.period
        totals: Counter[date] = Counter()
        for day, count in self.counts.items():
            totals[start_of(day, period)] += count
        days = days_of(self.counts, period)
        most, room = max(totals.values(), default=1) or 1, 100 / max(len(days), 14)
        return [bar(day, totals[day], place, room, most) for place, day in enumerate(days)]

    @property
    def most(self) -> int:
        return max((bar.count for bar in self.bars), default=0)


SPANS = {"day": MOST, "week": MOST, "month": 10**9}


def bar(day: date, count: int, place: int, room: float, most: int) -> Bar:
    height = 100 * count / most
    x, width = place * room + room * 0.1, room * 0.8
    return Bar(day, count, *(round(part, 2) for part in (x, width, 100 - height, height)))


def days_of(counts: Mapping[date, int], period: str) -> list[date]:
    """The first day of every period from the first count to the last."""
    if not counts:
        return []
    last, days = max(counts), [start_of(min(counts), period)]
    while (after := next_of(days[-1], period)) <= last:
        days.append(after)
    return days


def start_of(day: date, period: str) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def next_of(day: date, period: str) -> date:
    step = {"day": 1, "week": 7, "month": 32}[period]
    return start_of(day + timedelta(days=step), period)
