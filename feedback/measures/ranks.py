"""Agreement between whole rankings. Rank vectors are indexed by candidate, never by place."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

Tiers = Sequence[Sequence[int]]


def ranks(tiers: Tiers, size: int) -> list[float]:
    """The mean rank, from 1 (best), of candidates 0..size-1; NaN for an unranked one."""
    found, above = [float("nan")] * size, 0
    for tier in tiers:
        for candidate in tier:
            found[candidate] = above + (len(tier) + 1) / 2
        above += len(tier)
    return found


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Kendall's tau-b of two rank vectors over the candidates that both ranked."""
    from scipy.stats import kendalltau

    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    both = ~(np.isnan(first) | np.isnan(second))
    found = float(kendalltau(first[both], second[both]).statistic) if both.sum() > 1 else np.nan
    return None if np.isnan(found) else found


def mean_tau(vectors: Sequence[Sequence[float]]) -> float | None:
    """The mean tau-b over every two people who ranked the same candidates."""
    found = [kendall_tau(a, b) for a, b in combinations(vectors, 2)]
    known = [tau for tau in found if tau is not None]
    return float(np.mean(known)) if known else None


def kendall_w(vectors: npt.ArrayLike) -> float | None:
    """Kendall's coefficient of concordance W with correction for ties, in 0..1.

    `vectors` [people, candidates] of mean ranks, complete. None for fewer than two people or two
    candidates, or where everybody tied everything. Source: Kendall & Gibbons (1990), chapter 6.
    """
    table = np.asarray(vectors, dtype=np.float64)
    people, size = table.shape if table.ndim == 2 else (0, 0)
    if people < 2 or size < 2 or np.isnan(table).any():
        return None
    sums = table.sum(axis=0)
    above = 12 * np.square(sums).sum() - 3 * people**2 * size * (size + 1) ** 2
    below = people**2 * (size**3 - size) - people * sum(map(tie_correction, table))
    return float(above / below) if below else None


def tie_correction(vector: npt.NDArray[np.float64]) -> float:
    """The sum of t^3 - t over groups of t tied candidates."""
    return float(sum(size**3 - size for size in Counter(vector.tolist()).values()))
