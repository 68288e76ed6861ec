"""Krippendorff's alpha: 1 - observed disagreement / expected disagreement.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). Units that fewer than
two people judged say nothing about agreement and are left out.

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
    values, pairable = _pairable(np.atleast_2d(np.asarray(judgements, dtype=np.float64)))
    if len(pairable) == 0 or len(values) < 2:
        return None
    coincidences = _coincidences(pairable)
    totals = coincidences.sum(axis=1)
    distances = _distances(totals, level)
    expected = (np.outer(totals, totals) * distances).sum() / (totals.sum() - 1)
    return float(1 - (coincidences * distances).sum() / expected)


def _pairable(judgements: Matrix) -> tuple[Matrix, Matrix]:
    """The values in use, and how often each was given in every unit judged at least twice."""
    judged = judgements[(~np.isnan(judgements)).sum(axis=1) >= 2]
    values = np.unique(judged[~np.isnan(judged)])
    counts = (
        np.stack([(judged == value).sum(axis=1) for value in values], axis=1, dtype=float)
        if (len(values))
        else np.zeros((0, 0))
    )
    return values, counts


def _coincidences(counts: Matrix) -> Matrix:
    """How often each pair of values meets in one unit: [values, values]."""
    people = counts.sum(axis=1)
    weighted = counts / (people - 1)[:, None]
    return counts.T @ weighted - np.diag(weighted.sum(axis=0))


def _distances(totals: Matrix, level: Level) -> Matrix:
    """Squared distances between values: all equal, or by how many judgements lie between."""
    if level == "nominal":
        return 1 - np.eye(len(totals))
    middles = np.cumsum(totals) - totals / 2
    return np.square(middles[:, None] - middles[None, :])
