"""chrF (Popović 2015), as sacrebleu computes it: an F-score over character n-grams.

Sample: output "cold", reference "cold" -> 100
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.metrics.sacre import counted
from evaluation.statistics.evidence import Matrix, Sums, ratio

BETA = 2


def combine(sums: Matrix) -> Matrix:
    """chrF2 0–100 from [..., 18]: output, reference and shared n-grams of orders 1 to 6. Orders
    that either side lacks are left out."""
    orders = sums.reshape((*sums.shape[:-1], -1, 3))
    said, wanted, shared = orders[..., 0], orders[..., 1], orders[..., 2]
    there = (said > 0) & (wanted > 0)
    count = np.maximum(there.sum(axis=-1), 1)
    precision = (there * shared / np.maximum(said, 1)).sum(axis=-1) / count
    recall = (there * shared / np.maximum(wanted, 1)).sum(axis=-1) / count
    parts = np.stack([(1 + BETA**2) * precision * recall, BETA**2 * precision + recall], axis=-1)
    return 100 * np.nan_to_num(ratio(parts))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    parts = counted(chrf, items)
    values = [float(value) for value in combine(parts)]
    signature = f"chrF{BETA}|{chrf.get_signature()}"
    return {"chrf": Finding(Sums(parts, combine), signature, values, is_mean=False)}


METRIC = file(
    Metric(
        name="chrf",
        label="chrF",
        summary="How many runs of one to six characters outputs and references share, over the "
        "whole corpus; recall counts twice as much as precision. From 0 to 100.",
        formula="chrF = 100 · (1 + β²) P R / (β² P + R),  β = 2,  P and R averaged over n = 1…6",
        measures=(Measure("chrf", "chrF", high=100.0, is_mean=False),),
        compute=compute,
        example=Example(
            (Item("abc", ("abcd",)),),
            {
                "chrf": 100
                * 5
                * 1
                * ((3 / 4 + 2 / 3 + 1 / 2) / 3)
                / (4 + (3 / 4 + 2 / 3 + 1 / 2) / 3)
            },
            "Every run of “abc” is in “abcd”: P = 1. Of the reference's runs of 1, 2 and 3 "
            "characters 3/4, 2/3 and 1/2 are there: R = 23/36.",
        ),
        library="sacrebleu",
        source="Popović (2015), chrF: character n-gram F-score for automatic MT evaluation",
    )
)
