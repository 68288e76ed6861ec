"""sacrebleu's counts as evidence: what its corpus scores are functions of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.metrics.metric import Item
from evaluation.statistics.evidence import Matrix


def counted(metric: Any, items: Sequence[Item]) -> Matrix:
    """[items, counts] of a sacrebleu metric, which then also knows its signature.
    Items may have different numbers of references."""
    most = max(len(item.references) for item in items)
    columns = [
        [item.references[place] if place < len(item.references) else None for item in items]
        for place in range(most)
    ]
    found = metric._extract_corpus_statistics([item.output for item in items], columns)
    return np.array(found, dtype=np.float64)
