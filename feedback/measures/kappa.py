"""Agreement beyond chance on categories: Fleiss' kappa for many people, Cohen's for two.

Both follow from numbers that add up over units, so that a bootstrap over tasks is one product.
"""

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
    values = np.unique(matrix[~np.isnan(matrix)])
    counts = (matrix[:, :, None] == values).sum(axis=1).astype(float)
    return known(fleiss_of(fleiss_parts(counts).sum(axis=0)))


def fleiss_parts(counts: Matrix) -> Matrix:
    """[units, 2 + values]: 1, the unit's agreement and its counts; 0 where fewer than two judged.

    `counts` [units, values] is how often each value was given.
    """
    people = counts.sum(axis=1)
    agreed = (counts * (counts - 1)).sum(axis=1) / np.maximum(people * (people - 1), 1)
    return np.column_stack([np.ones(len(counts)), agreed, counts]) * (people > 1)[:, None]


def fleiss_of(parts: Matrix) -> Matrix:
    """Kappa of sums of parts [..., 2 + values]; NaN where it is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = parts[..., 1] / parts[..., 0]
        shares = parts[..., 2:] / parts[..., 2:].sum(axis=-1, keepdims=True)
        return beyond_chance(observed, np.square(shares).sum(axis=-1))


def cohen_kappa(one: npt.ArrayLike, other: npt.ArrayLike) -> float | None:
    """Cohen (1960) for two people's judgements of the same units; None where it is undefined."""
    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    both = ~(np.isnan(first) | np.isnan(second))
    if not both.any():
        return None
    values, codes = np.unique([first[both], second[both]], return_inverse=True)
    table = np.zeros((len(values), len(values)))
    np.add.at(table, tuple(codes.reshape(2, -1)), 1)
    return known(cohen_of(table))


def cohen_of(tables: Matrix) -> Matrix:
    """Kappa of tables [..., values of one, values of the other]; NaN where it is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = tables / tables.sum(axis=(-1, -2), keepdims=True)
        observed = np.trace(shares, axis1=-2, axis2=-1)
        expected = (shares.sum(axis=-1) * shares.sum(axis=-2)).sum(axis=-1)
        return beyond_chance(observed, expected)


def beyond_chance(observed: Matrix, expected: Matrix) -> Matrix:
    return np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)


def known(value: Matrix) -> float | None:
    return None if np.isnan(value) else float(value)


def cohen_kappas(judgements: npt.ArrayLike) -> dict[tuple[int, int], float]:
    """Cohen's kappa of every two people (columns) who share units, where it is defined."""
    matrix = np.atleast_2d(np.asarray(judgements, dtype=np.float64))
    pairs = combinations(range(matrix.shape[1]), 2)
    found = {(a, b): cohen_kappa(matrix[:, a], matrix[:, b]) for a, b in pairs}
    return {pair: kappa for pair, kappa in found.items() if kappa is not None}
