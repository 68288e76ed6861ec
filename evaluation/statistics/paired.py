"""Whether two models differ, on the items that both answered.

The paired bootstrap is Koehn (2004), "Statistical significance tests for machine translation
evaluation": the same draws for both models, two-sided, with one added above and below so that p is
never 0. McNemar (1947) is exact, for items that are right or wrong and stand for themselves.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.statistics.evidence import Evidence, Matrix
from evaluation.statistics.resampling import ROUNDS, SEED, numbered, resampled
from feedback.measures.intervals import percentiles


@dataclass(frozen=True)
class Difference:
    """First minus second, with its 95 % interval; `p` of the test named in `test`, two-sided."""

    value: float
    low: float | None
    high: float | None
    p: float | None
    test: str
    items: int
    sources: int


def paired(
    first: Evidence,
    second: Evidence,
    sources: Sequence[Hashable],
    *,
    outcomes: tuple[Sequence[float], Sequence[float]] | None = None,
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> Difference:
    """`outcomes`: both models' values by item where the score is their mean; McNemar's test is
    taken where all of them are 0 or 1 and each item has a source of its own.
    """
    owners = numbered(sources)
    count = int(owners.max()) + 1
    value = first.value() - second.value()
    if count < 2:
        return Difference(value, None, None, None, "none: one source", len(owners), count)
    found = resampled([first, second], owners, rounds=rounds, seed=seed)
    low, high = percentiles(found[0] - found[1]) or (None, None)
    test = f"paired bootstrap|rounds:{rounds}|seed:{seed}|sources:{count}"
    p = bootstrap_p(found[0] - found[1], value, count)
    if outcomes and count == len(owners) and right_or_wrong(outcomes):
        test, p = "mcnemar|exact", mcnemar(*discordant(*outcomes))
    return Difference(value, low, high, p, test, len(owners), count)


def least_p(sources: int) -> float:
    """What a fair coin for each source can give at the least: a bootstrap of three sources would
    find anything certain."""
    return float(min(1.0, 2.0 ** (1 - min(sources, 1000))))


def bootstrap_p(differences: Matrix, value: float, sources: int) -> float | None:
    """How often a draw's difference is as far from their mean as the found one from 0."""
    known = differences[~np.isnan(differences)]
    if not len(known) or np.isnan(value):
        return None
    away = np.abs(known - known.mean())
    found = float((np.sum(away >= abs(value) - 1e-12) + 1) / (len(known) + 1))
    return max(found, least_p(sources))


def right_or_wrong(outcomes: tuple[Sequence[float], Sequence[float]]) -> bool:
    return all(set(values) <= {0.0, 1.0} for values in outcomes)


def discordant(first: Sequence[float], second: Sequence[float]) -> tuple[int, int]:
    """How many items only the first and only the second got right."""
    pairs = list(zip(first, second, strict=True))
    return sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)


def mcnemar(only_first: int, only_second: int) -> float:
    """p of a fair coin giving so uneven a split of the items that one of the two got right."""
    from scipy.stats import binomtest

    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)
