"""Answers that are labels, counted for measures of classification."""

from collections.abc import Sequence

import numpy as np

from evaluation.metrics.metric import Item
from evaluation.statistics.evidence import Matrix


def said(item: Item) -> str:
    return item.output.strip()


def wanted(item: Item) -> str:
    return item.references[0].strip()


def label_counts(items: Sequence[Item]) -> tuple[list[str], Matrix]:
    """The labels met, and [items, 3, labels]: whether each is wanted, said, and both."""
    labels = sorted({said(item) for item in items} | {wanted(item) for item in items})
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(items), 3, len(labels)))
    for row, item in zip(counts, items, strict=True):
        row[0, places[wanted(item)]] = row[1, places[said(item)]] = 1
        row[2] = row[0] * row[1]
    return labels, counts


def flat(counts: Matrix) -> Matrix:
    return counts.reshape(len(counts), -1)


def split(sums: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Wanted, said and both [..., labels], from sums of `flat` counts."""
    parts = sums.reshape((*sums.shape[:-1], 3, -1))
    return parts[..., 0, :], parts[..., 1, :], parts[..., 2, :]
