"""Ranks that models share where a paired test can't tell them apart.

A model's rank is one more than the number of models that are better beyond chance. Every pair is
tested on the same items and all pairs of a column are corrected together (Holm). With hundreds of
models a bootstrap of a thousand rounds can't give p-values small enough for that, so its spread is
used: the difference over its standard error, as a normal variable. Right-or-wrong items take
McNemar's exact test.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from evaluation.statistics.evidence import Evidence, Matrix
from evaluation.statistics.holm import holm
from evaluation.statistics.paired import least_p, right_or_wrong
from evaluation.statistics.resampling import numbered, resampled

ALPHA = 0.05


def shared_ranks(
    models: Sequence[Evidence],
    sources: Sequence[Hashable],
    *,
    outcomes: Sequence[Sequence[float]] | None = None,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> list[int]:
    """Ranks from 1. `outcomes`: as in `paired`."""
    values = np.array([model.value() for model in models])
    if len(models) < 2:
        return [1] * len(models)
    apart = adjusted(pair_ps(models, values, sources, outcomes)) < alpha
    sign = 1 if higher_is_better else -1
    better = sign * (values[:, None] - values[None, :]) > 0
    return [int(count) + 1 for count in (apart & better).sum(axis=0)]


def pair_ps(
    models: Sequence[Evidence],
    values: Matrix,
    sources: Sequence[Hashable],
    outcomes: Sequence[Sequence[float]] | None,
) -> Matrix:
    """[models, models]: p of each pair."""
    owners = numbered(sources)
    count = int(owners.max()) + 1
    if outcomes and count == len(owners) and all(right_or_wrong((o, o)) for o in outcomes):
        return mcnemar_ps(np.array(outcomes, dtype=np.float64))
    if count < 2:
        return np.ones((len(models), len(models)))
    return np.maximum(spread_ps(values, resampled(models, owners)), least_p(count))


def mcnemar_ps(right: Matrix) -> Matrix:
    """Of every pair of rows of `right` [models, items]."""
    from scipy.stats import binom

    only = right @ (1 - right).T
    tested = only + only.T
    ps = np.minimum(1.0, 2 * binom.cdf(np.minimum(only, only.T), tested, 0.5))
    return np.where(tested > 0, ps, 1.0)


def spread_ps(values: Matrix, found: Matrix) -> Matrix:
    """From scores [models] and their draws [models, rounds]."""
    from scipy.stats import norm

    whole = found[:, ~np.isnan(found).any(axis=0)]
    if whole.shape[1] < found.shape[1] / 2 or np.isnan(values).any():
        return np.ones((len(values), len(values)))
    spread = np.atleast_2d(np.cov(whole))
    own = np.diag(spread)
    variance = np.maximum(own[:, None] + own[None, :] - 2 * spread, 0)
    away = np.abs(values[:, None] - values[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        ps = 2 * norm.sf(away / np.sqrt(variance))
    return np.where(away < 1e-12, 1.0, np.nan_to_num(ps, nan=1.0))


def adjusted(ps: Matrix) -> Matrix:
    """Holm over the pairs above the diagonal, and the same below it."""
    rows, columns = np.triu_indices(len(ps), 1)
    found = np.ones_like(ps)
    found[rows, columns] = found[columns, rows] = holm(ps[rows, columns].tolist())
    return found
