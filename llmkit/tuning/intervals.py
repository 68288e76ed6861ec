"""How sure a mean is when its values come in clusters, such as the pairs of one prompt."""

from collections.abc import Sequence

ROUNDS = 1000


def mean_with_interval(
    clusters: Sequence[Sequence[float]], *, seed: int = 0
) -> tuple[float, float, float]:
    """(mean, low, high): 95 % by drawing whole clusters again (percentile bootstrap)."""
    import numpy as np

    sums = np.array([sum(cluster) for cluster in clusters], dtype=float)
    sizes = np.array([len(cluster) for cluster in clusters], dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (ROUNDS, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(sums.sum() / sizes.sum()), float(low), float(high)
