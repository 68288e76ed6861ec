"""How long answers are, in words and characters, and against their reference. Neither long nor
short is better, but scores and people both lean towards one of them.

Sample: output "It is cold", reference "It is very cold" -> 3 words, 10 characters, ratio 3/4
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import Sums, mean_of, ratio

SIGNATURE = "words:split-on-spaces|ends:stripped"


def words(text: str) -> float:
    return float(len(text.split()))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    counts = [words(item.output) for item in items]
    letters = [float(len(item.output.strip())) for item in items]
    empty = [float(not item.output.strip()) for item in items]
    found = {
        "words": Finding(mean_of(counts), f"words|{SIGNATURE}", counts),
        "characters": Finding(mean_of(letters), f"characters|{SIGNATURE}", letters),
        "empty": Finding(mean_of(empty), f"empty|{SIGNATURE}", empty),
    }
    if all(item.references for item in items):
        wanted = [np.mean([words(text) for text in item.references]) for item in items]
        parts = np.array([counts, wanted]).T
        signature = f"length_ratio|{SIGNATURE}|refs:mean|weighted:words"
        found["length_ratio"] = Finding(Sums(parts, ratio), signature, is_mean=False)
    return found


METRIC = file(
    Metric(
        name="length",
        label="Length",
        summary="Words and characters of an answer, its words over the reference's, and how many "
        "answers are empty.",
        formula="words = (1/n) Σ words(output);  ratio = Σ words(output) / Σ words(reference)",
        measures=(
            Measure("words", "Words", None, high=None),
            Measure("length_ratio", "Length ratio", None, high=None, is_mean=False),
            Measure("empty", "Empty answers", False),
            Measure("characters", "Characters", None, high=None, main=False),
        ),
        needs=frozenset({Need.OUTPUTS}),
        compute=compute,
        example=Example(
            (Item("It is cold", ("It is very cold",)),),
            {"words": 3.0, "characters": 10.0, "length_ratio": 0.75, "empty": 0.0},
            "3 words for 4.",
        ),
    )
)
