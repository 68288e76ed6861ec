"""How sure a number is: Wilson's interval for a share, a bootstrap by task for everything else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Unit = TypeVar("Unit")
LEVEL = 0.95


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """`count` of `of`, with Wilson's interval."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.count, self.of)


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
    return percentiles([np.nan if value is None else value for value in found], level)


def draws(units: int, *, rounds: int = 500, seed: int = 0) -> Matrix:
    """How often each unit is drawn in each round: [rounds, units].

    For measures of sums over units: `draws(n) @ parts` are the sums of every round at once. The
    draws are those of `bootstrap`.
    """
    picks = np.random.default_rng(seed).integers(0, units, size=(rounds, units))
    places = picks + units * np.arange(rounds)[:, None]
    return (
        np.bincount(places.ravel(), minlength=rounds * units).reshape(rounds, units).astype(float)
    )


def percentiles(found: npt.ArrayLike, level: float = LEVEL) -> Interval | None:
    """The middle `level` of the rounds; None where most of them are undefined (NaN)."""
    values = np.asarray(found, dtype=np.float64)
    known = values[~np.isnan(values)]
    if len(known) <= len(values) / 2:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
