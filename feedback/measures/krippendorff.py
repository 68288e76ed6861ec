"""Krippendorff's alpha: 1 - observed disagreement / expected disagreement.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). Units that fewer than
two people judged say nothing about agreement and are left out. Alpha follows from the coincidences
of values, which add up over units; that is what makes a bootstrap over tasks one product.

Sample: judgements [[1, 1], [1, -1], [-1, -1]] (three units, two people): nominal alpha 4/9.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

Level = Literal["nominal", "ordinal"]
Matrix = npt.NDArray[np.float64]


def alpha(judgements: npt.ArrayLike, level: Level = "nominal") -> float | None:
    """Alpha of judgements [units, people] with NaN where a person did not judge.

    None where it is undefined: no unit was judged twice, or there is only one value at all.
    """
    matrix = np.atleast_2d(np.asarray(judgements, dtype=np.float64))
    values = np.unique(matrix[~np.isnan(matrix)])
    counts = (matrix[:, :, None] == values).sum(axis=1).astype(float)
    found = float(alpha_of(coincidences(counts).sum(axis=0), level))
    return None if np.isnan(found) else found


def coincidences(counts: Matrix) -> Matrix:
    """How often each two values meet in a unit: [units, values, values].

    `counts` [units, values] is how often each value was given.
    """
    people = counts.sum(axis=1)
    meetings = counts[:, :, None] * counts[:, None, :]
    meetings -= counts[:, :, None] * np.eye(counts.shape[1])
    return meetings * ((people > 1) / np.maximum(people - 1, 1))[:, None, None]


def alpha_of(coincided: Matrix, level: Level = "nominal") -> Matrix:
    """Alpha of sums of coincidences [..., values, values]; NaN where it is undefined."""
    totals = coincided.sum(axis=-1)
    distances = _distances(totals, level)
    expected = (totals[..., :, None] * totals[..., None, :] * distances).sum(axis=(-1, -2))
    observed = (coincided * distances).sum(axis=(-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed * (totals.sum(axis=-1) - 1) / expected, np.nan)


def _distances(totals: Matrix, level: Level) -> Matrix:
    """Squared distances between values: all equal, or by how many judgements lie between."""
    if level == "nominal":
        return 1 - np.eye(totals.shape[-1])
    middles = np.cumsum(totals, axis=-1) - totals / 2
    return np.square(middles[..., :, None] - middles[..., None, :])
