"""How sure a number is: Wilson's interval for a share, a bootstrap by task for everything else."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

Unit = TypeVar("Unit")
LEVEL = 0.95


class Interval(NamedTuple):
    low: float
    high: float


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval | None:
    """Wilson's score interval of a share (Wilson 1927); None without trials."""
    from scipy.stats import binomtest

    if trials == 0:
        return None
    found = binomtest(successes, trials).proportion_ci(level, method="wilson")
    return Interval(float(found.low), float(found.high))


def bootstrap(
    units: Sequence[Unit],
    measure: Callable[[list[Unit]], float | None],
    *,
    rounds: int = 500,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval | None:
    """The percentile interval of `measure` when whole units (tasks, prompts) are drawn again.

    Drawing tasks, not pairs, keeps what belongs together together. None for fewer than two units
    or where the measure is undefined in most of the draws.
    """
    if len(units) < 2:
        return None
    draw = np.random.default_rng(seed)
    picks = draw.integers(0, len(units), size=(rounds, len(units)))
    found = [measure([units[i] for i in pick]) for pick in picks]
    known = [value for value in found if value is not None]
    if len(known) <= rounds / 2:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
