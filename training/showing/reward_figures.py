"""What a reward model's folder keeps about itself, drawn: how often it was right when it was how
sure, and the scores that it gave to chosen and to rejected answers.

Places are per cent of a figure's width or height, so the words in it never shrink."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from training.models import ModelVersion

LEAST_SURE = 0.5
SMALLEST, LARGEST = 4.0, 9.0
QUANTILES = 5
SIDES = {"chosen": "Chosen", "rejected": "Rejected"}
MOST_TICKS = 7


@dataclass(frozen=True)
class Bin:
    """Pairs that it was about as sure of; `x` and `y` are its point's place, `size` its radius."""

    sure: str
    right: str
    pairs: int
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Spread:
    """One side's scores at the quantiles, in words and in places from the lowest to the highest."""

    label: str
    texts: tuple[str, ...]
    places: tuple[float, ...]


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class RewardFigures:
    bins: tuple[Bin, ...]
    spreads: tuple[Spread, ...]
    ticks: tuple[Tick, ...]
    quantiles: tuple[str, ...]
    pairs: int


def reward_figures(version: ModelVersion | None) -> RewardFigures | None:
    """None for what is no reward model, or one that was never looked at on held-out pairs."""
    if version is None or version.kind != ModelVersion.Kind.REWARD:
        return None
    try:
        facts = json.loads((version.folder / "reward.json").read_text(encoding="utf-8"))
        return drawn(facts)
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def drawn(facts: Mapping[str, Any]) -> RewardFigures:
    """ValueError, KeyError or TypeError where they are not what a run writes."""
    sides = {label: numbers(facts["distribution"][side]) for side, label in SIDES.items()}
    quantiles = numbers(facts["quantiles"])
    if any(len(scores) != QUANTILES for scores in (quantiles, *sides.values())):
        raise ValueError("not the five quantiles that are drawn")
    low, high, ticks = scale([score for scores in sides.values() for score in scores])
    bins = bins_of(facts["reliability"])
    return RewardFigures(
        bins,
        tuple(
            Spread(
                label,
                tuple(f"{score:.2f}" for score in scores),
                tuple(share(score, low, high) for score in scores),
            )
            for label, scores in sides.items()
        ),
        ticks,
        tuple(f"{quantile:.0%}" for quantile in quantiles),
        sum(bin.pairs for bin in bins),
    )


def numbers(found: Sequence[Any]) -> list[float]:
    values = [float(value) for value in found]
    if not values or not all(map(isfinite, values)):
        raise ValueError("not numbers")
    return values


def bins_of(found: Sequence[Mapping[str, Any]]) -> tuple[Bin, ...]:
    most = max(int(each["pairs"]) for each in found)
    return tuple(
        bin_of(numbers([each["sure"], each["right"]]), int(each["pairs"]), most) for each in found
    )


def bin_of(shares: Sequence[float], pairs: int, most: int) -> Bin:
    """`shares`: how sure and how often right. Its point's area goes with its pairs."""
    sure, right = shares
    size = SMALLEST + (LARGEST - SMALLEST) * (pairs / most) ** 0.5
    x, y = share(sure, LEAST_SURE, 1), 100 - share(right, 0, 1)
    return Bin(f"{sure:.1%}", f"{right:.1%}", pairs, x, y, round(size, 1))


def share(value: float, low: float, high: float) -> float:
    """Per cent of the way from low to high."""
    return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 2)


def scale(values: Sequence[float]) -> tuple[float, float, tuple[Tick, ...]]:
    """Whole numbers around all values, and a few of them to be written."""
    low, high = int(min(values) // 1), int(-(-max(values) // 1))
    high = max(high, low + 1)
    step = next(step for step in (1, 2, 5, 10**9) if (high - low) / step < MOST_TICKS)
    shown = range(low, high + 1, step)
    return low, high, tuple(Tick(share(at, low, high), str(at)) for at in shown)
