"""Agreement beyond chance on categories: Fleiss' kappa for many people, Cohen's for two."""

from itertools import combinations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def fleiss_kappa(judgements: npt.ArrayLike) -> float | None:
    """Fleiss (1971) over judgements [units, people] with NaN where a person did not judge.

    With equally many people per unit it equals `statsmodels`' `fleiss_kappa`; otherwise each unit's
    agreement is taken over those who judged it. None where it is undefined.
    """
    matrix = np.atleast_2d(np.asarray(judgements, dtype=np.float64))
    judged = matrix[(~np.isnan(matrix)).sum(axis=1) >= 2]
    values = np.unique(judged[~np.isnan(judged)])
    if len(values) < 2:
        return None
    counts = np.stack([(judged == value).sum(axis=1) for value in values], axis=1)
    people = counts.sum(axis=1)
    observed = ((counts * (counts - 1)).sum(axis=1) / (people * (people - 1))).mean()
    expected = np.square(counts.sum(axis=0) / counts.sum()).sum()
    return float((observed - expected) / (1 - expected))


def cohen_kappa(one: npt.ArrayLike, other: npt.ArrayLike) -> float | None:
    """Cohen (1960) for two people's judgements of the same units; None where it is undefined."""
    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    values = np.unique([first, second])
    if len(values) < 2:
        return None
    expected = sum((first == value).mean() * (second == value).mean() for value in values)
    observed = (first == second).mean()
    return float((observed - expected) / (1 - expected))


def cohen_kappas(judgements: npt.ArrayLike) -> dict[tuple[int, int], float]:
    """Cohen's kappa of every two people (columns) who share units, where it is defined."""
    matrix = np.atleast_2d(np.asarray(judgements, dtype=np.float64))
    pairs = combinations(range(matrix.shape[1]), 2)
    found = {(a, b): cohen_kappa(matrix[:, a], matrix[:, b]) for a, b in pairs}
    return {pair: kappa for pair, kappa in found.items() if kappa is not None}
