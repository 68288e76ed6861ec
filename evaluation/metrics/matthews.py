"""Matthews' correlation of labels, CoLA's measure (Matthews 1975; of several labels Gorodkin 2004).
The arithmetic is scikit-learn's `matthews_corrcoef`.

Sample: wanted 1 1 0 0, said 1 0 0 0 -> 1/√3
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics import labels
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import Matrix, Sums

SIGNATURE = "matthews|ends:stripped|undefined:0"


def combine(sums: Matrix) -> Matrix:
    """0 where only one label is wanted or said."""
    wanted, said, both = labels.split(sums)
    n, right = wanted.sum(axis=-1), both.sum(axis=-1)
    over = right * n - (wanted * said).sum(axis=-1)
    under = (n**2 - (said**2).sum(axis=-1)) * (n**2 - (wanted**2).sum(axis=-1))
    found = np.zeros(np.shape(over))
    return np.asarray(np.divide(over, np.sqrt(under), out=found, where=under > 0))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    parts = labels.flat(labels.label_counts(items)[1])
    return {"matthews": Finding(Sums(parts, combine), SIGNATURE, is_mean=False)}


METRIC = file(
    Metric(
        name="matthews",
        label="Matthews correlation",
        summary="How far said and wanted labels go together: 1 always, 0 no better than chance, "
        "however uneven the labels are.",
        formula="MCC = (c·n − Σ pₖtₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)),  c right, pₖ said, tₖ wanted",
        measures=(Measure("matthews", "Matthews", low=-1.0, is_mean=False),),
        compute=compute,
        example=Example(
            (
                Item("1", ("1",)),
                Item("0", ("1",)),
                Item("0", ("0",)),
                Item("0", ("0",)),
            ),
            {"matthews": (3 * 4 - (1 * 2 + 3 * 2)) / np.sqrt((16 - 10) * (16 - 8))},
            "3 right of 4; “1” said once and wanted twice, “0” said three times and wanted twice: "
            "(12 − 8) / √(6 · 8) = 0.577.",
        ),
        source="scikit-learn's matthews_corrcoef",
    )
)
