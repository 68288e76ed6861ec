"""Pearson's correlation of numbers said and wanted, STS-B's first measure; as scipy's `pearsonr`.

Sample: said 1 2 3, wanted 1 3 2 -> 1/2
"""

from collections.abc import Mapping, Sequence

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.metrics.numbers import correlation, moments, pairs
from evaluation.statistics.evidence import Sums

SIGNATURE = "pearson|unread:left-out"


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found = pairs(items)
    said = found.said - found.said[found.read > 0].mean()
    wanted = found.wanted - found.wanted.mean()
    parts = moments(said, wanted) * found.read[:, None]
    evidence = Sums(parts, correlation)
    return {
        "pearson": Finding(
            evidence, SIGNATURE, is_mean=False, left_out=found.left_out, notes=found.notes
        )
    }


METRIC = file(
    Metric(
        name="pearson",
        label="Pearson correlation",
        summary="How straight a line the numbers said make with the numbers wanted.",
        formula="r = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²)",
        measures=(Measure("pearson", "Pearson", low=-1.0, is_mean=False),),
        needs=frozenset({Need.OUTPUTS, Need.REFERENCES, Need.NUMBERS}),
        compute=compute,
        example=Example(
            (Item("1", ("1",)), Item("2", ("3",)), Item("3", ("2",))),
            {"pearson": 0.5},
            "Deviations −1, 0, 1 and −1, 1, 0: products sum to 1, squares to 2 each: 1/2.",
        ),
        source="scipy.stats.pearsonr",
    )
)
