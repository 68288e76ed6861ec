"""Expected calibration error in ten bins of equal mass, as HELM reports it (Liang et al. 2022; the
bins of Kumar et al. 2019, "Verified Uncertainty Calibration").

Sample: confident 0.9 and right, confident 0.8 and wrong, two bins -> (0.1 + 0.8) / 2
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import Matrix, Whole

BINS = 10
ENOUGH = 300


def confidence(item: Item) -> tuple[float, float]:
    """The probability of the likeliest choice among the choices, and whether it is right."""
    log_probs = np.array(item.log_probs)
    likely = np.exp(log_probs - log_probs.max())
    return float(likely.max() / likely.sum()), float(int(log_probs.argmax()) == item.right)


def error(confident: Matrix, right: Matrix, bins: int = BINS) -> float:
    """Mean distance, by mass, of confidence and accuracy in each bin. A bin ends midway to the next
    value; equal values stay together."""
    order = np.argsort(confident, kind="stable")
    confident, right = confident[order], right[order]
    parts = np.array_split(confident, min(bins, len(confident)))
    ends = {(before[-1] + after[0]) / 2 for before, after in pairwise(parts)}
    places = np.searchsorted(sorted(ends | {1.0}), confident, side="left")
    gaps = np.bincount(places, weights=confident - right)
    return float(np.abs(gaps).sum() / len(confident))


def drawn_errors(confident: Matrix, right: Matrix, drawn: Matrix) -> Matrix:
    counts = drawn.astype(np.int64)
    return np.array([error(np.repeat(confident, one), np.repeat(right, one)) for one in counts])


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found = np.array([confidence(item) for item in items])
    evidence = Whole(len(items), lambda drawn: drawn_errors(found[:, 0], found[:, 1], drawn))
    note = f"From about {ENOUGH} items this number means something; there are {len(items)}."
    notes = (note,) if len(items) < ENOUGH else ()
    signature = f"ece|bins:{BINS}|mass:equal|confidence:softmax-over-choices"
    return {"ece": Finding(evidence, signature, is_mean=False, notes=notes)}


METRIC = file(
    Metric(
        name="calibration",
        label="Calibration error",
        summary="How far a model's confidence in its choice is from how often it is right. 0 is "
        "best; random answers are noisy: from about 300 items.",
        formula="ECE = Σ_b |b|/n · |mean confidence(b) − accuracy(b)|,  ten bins of equal mass",
        measures=(Measure("ece", "Calibration error", higher_is_better=False, is_mean=False),),
        needs=frozenset({Need.CHOICES}),
        compute=compute,
        example=Example(
            (
                Item(choices=("a", "b"), log_probs=(np.log(0.9), np.log(0.1)), right=0),
                Item(choices=("a", "b"), log_probs=(np.log(0.8), np.log(0.2)), right=1),
            ),
            {"ece": 0.45},
            "0.9 sure and right, 0.8 sure and wrong, a bin each: (0.1 + 0.8) / 2.",
        ),
        source="HELM; Kumar et al. (2019)",
    )
)
