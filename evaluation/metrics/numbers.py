"""Answers that are numbers, for correlations."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evaluation.metrics.metric import Item, MetricError
from evaluation.statistics.evidence import Matrix, ratio


class Pairs(NamedTuple):
    """Numbers said and wanted [items], and whether both could be read."""

    said: Matrix
    wanted: Matrix
    read: Matrix

    @property
    def left_out(self) -> int:
        return int((1 - self.read).sum())

    @property
    def notes(self) -> tuple[str, ...]:
        told = f"{self.left_out} outputs are no numbers and were left out."
        return (told,) if self.left_out else ()


def number(text: str) -> float | None:
    try:
        found = float(text.strip().replace(",", ""))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def pairs(items: Sequence[Item]) -> Pairs:
    """MetricError where a reference is no number or fewer than two outputs are."""
    wanted = [number(item.references[0]) for item in items]
    if None in wanted:
        place = wanted.index(None) + 1
        raise MetricError(f"The reference of item {place} is not a number.")
    said = [number(item.output) for item in items]
    read = np.array([value is not None for value in said], dtype=np.float64)
    if read.sum() < 2:
        raise MetricError("A correlation needs at least two outputs that are numbers.")
    return Pairs(np.array([value or 0.0 for value in said]), np.array(wanted, float), read)


def moments(x: Matrix, y: Matrix) -> Matrix:
    """[..., 6]: 1, x, y, xx, yy, xy."""
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)


def correlation(sums: Matrix) -> Matrix:
    """Pearson's r from sums of moments [..., 6]; NaN where one side never varies."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    spread = np.maximum(n * xx - x * x, 0) * np.maximum(n * yy - y * y, 0)
    tiny = 1e-12 * np.maximum(n * xx * n * yy, 1e-300)
    under = np.where(spread > tiny, np.sqrt(spread), 0.0)
    return np.clip(ratio(np.stack([n * xy - x * y, under], axis=-1)), -1, 1)
