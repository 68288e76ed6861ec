"""Multiple choice by log-probability, as lm-evaluation-harness scores it: `acc`, `acc_norm` and
`acc_bytes`. The first choice wins ties.

Sample: log p −2 of "no" and −3 of "certainly", the right one -> acc 0, acc_norm 1
"""

from collections.abc import Callable, Mapping, Sequence

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import mean_of

LENGTHS: Mapping[str, Callable[[str], int]] = {
    "acc": lambda choice: 1,
    "acc_norm": len,
    "acc_bytes": lambda choice: len(choice.encode()),
}


def picked(item: Item, length: Callable[[str], int]) -> int:
    """The place of the choice with the highest log-probability per unit of length."""
    rates = [
        log_prob / max(length(choice), 1)
        for choice, log_prob in zip(item.choices, item.log_probs, strict=True)
    ]
    return rates.index(max(rates))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found = {}
    for name, length in LENGTHS.items():
        values = [float(picked(item, length) == item.right) for item in items]
        found[name] = Finding(mean_of(values), f"{name}|multiple-choice|ties:first", values)
    return found


METRIC = file(
    Metric(
        name="choices",
        label="Multiple choice",
        summary="The share of questions where the model gives the right choice the highest "
        "probability: as it is, per character, and per byte.",
        formula="acc: argmax Σ log p;  acc_norm: argmax Σ log p / characters;  "
        "acc_bytes: argmax Σ log p / bytes",
        measures=(
            Measure("acc", "acc"),
            Measure("acc_norm", "acc_norm"),
            Measure("acc_bytes", "acc_bytes", main=False),
        ),
        needs=frozenset({Need.CHOICES}),
        compute=compute,
        example=Example(
            (
                Item(choices=("no", "certainly"), log_probs=(-2.0, -3.0), right=1),
                Item(choices=("cold", "warm"), log_probs=(-1.0, -1.0), right=0),
            ),
            {"acc": 0.5, "acc_norm": 1.0, "acc_bytes": 1.0},
            "−2 beats −3, but −3 over 9 characters beats −2 over 2. Of two equal choices the first "
            "is taken.",
        ),
        source="lm-evaluation-harness 0.4.13, multiple_choice",
    )
)
