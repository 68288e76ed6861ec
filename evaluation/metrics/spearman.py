"""Spearman's rank correlation of numbers said and wanted, STS-B's second measure; as scipy's
`spearmanr`: Pearson's of the ranks, tied ones sharing their mean.

Sample: said 1 2 30, wanted 1 3 2 -> 1/2
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.metrics.numbers import Pairs, correlation, moments, pairs
from evaluation.statistics.evidence import Matrix, Whole

SIGNATURE = "spearman|ties:mean-rank|unread:left-out"


def drawn_ranks(values: Matrix, drawn: Matrix) -> Matrix:
    """[rounds, items]: each item's mean rank when item `i` is there `drawn[round, i]` times."""
    order = np.argsort(values, kind="stable")
    first = np.r_[True, np.diff(values[order]) > 0]
    group = np.cumsum(first) - 1
    there = np.add.reduceat(drawn[:, order], np.flatnonzero(first), axis=1)
    ranks = np.cumsum(there, axis=1) - (there - 1) / 2
    found = np.empty_like(drawn)
    found[:, order] = ranks[:, group]
    return found


def of_ranks(found: Pairs, drawn: Matrix) -> Matrix:
    drawn = drawn * found.read
    x, y = drawn_ranks(found.said, drawn), drawn_ranks(found.wanted, drawn)
    centre = drawn.sum(axis=1, keepdims=True) / 2
    return correlation(np.einsum("ri,rim->rm", drawn, moments(x - centre, y - centre)))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found = pairs(items)
    evidence = Whole(len(items), lambda drawn: of_ranks(found, drawn))
    return {
        "spearman": Finding(
            evidence, SIGNATURE, is_mean=False, left_out=found.left_out, notes=found.notes
        )
    }


METRIC = file(
    Metric(
        name="spearman",
        label="Spearman correlation",
        summary="How far the numbers said put the items in the same order as the numbers wanted.",
        formula="ρ = Pearson's r of the ranks, tied ones sharing their mean",
        measures=(Measure("spearman", "Spearman", low=-1.0, is_mean=False),),
        needs=frozenset({Need.OUTPUTS, Need.REFERENCES, Need.NUMBERS}),
        compute=compute,
        example=Example(
            (Item("1", ("1",)), Item("2", ("3",)), Item("30", ("2",))),
            {"spearman": 0.5},
            "Ranks 1, 2, 3 and 1, 3, 2: 1 − 6 · (0 + 1 + 1) / (3 · 8) = 1/2.",
        ),
        source="scipy.stats.spearmanr",
    )
)
