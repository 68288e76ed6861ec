"""F1 of labels: of the positive one, as GLUE asks for MRPC and QQP, and the mean over all labels,
as SuperGLUE asks for CB. The arithmetic is scikit-learn's `f1_score`.

Sample: wanted 1 1 0 0, said 1 0 1 0 -> precision 1/2, recall 1/2, F1 1/2
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics import labels
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import Matrix, Sums

POSITIVE = ("1", "yes", "true", "positive", "equivalent", "duplicate", "acceptable", "entailment")


def f1_of_each(sums: Matrix) -> Matrix:
    """[..., labels]; NaN for labels that are neither wanted nor said."""
    wanted, said, both = labels.split(sums)
    under = wanted + said
    found = np.full(under.shape, np.nan)
    return np.asarray(np.divide(2 * both, under, out=found, where=under > 0))


def macro(sums: Matrix) -> Matrix:
    return np.asarray(np.nanmean(f1_of_each(sums), axis=-1))


def positive_place(known: Sequence[str]) -> int:
    """The label that means yes; where none does, the last of them in the alphabet."""
    lower = [label.casefold() for label in known]
    return next((lower.index(name) for name in POSITIVE if name in lower), len(known) - 1)


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    known, counts = labels.label_counts(items)
    parts = labels.flat(counts)
    wanted = sorted({labels.wanted(item) for item in items})
    place = known.index(wanted[positive_place(wanted)])
    return {
        "label_f1": Finding(
            Sums(parts, lambda sums: np.nan_to_num(f1_of_each(sums)[..., place])),
            f"label_f1|ends:stripped|average:binary|positive:{known[place]}",
            is_mean=False,
        ),
        "macro_f1": Finding(
            Sums(parts, macro), f"macro_f1|ends:stripped|labels:{len(known)}", is_mean=False
        ),
    }


METRIC = file(
    Metric(
        name="label_f1",
        label="F1 of labels",
        summary="Precision and recall of the label that means yes, in one number; and the mean of "
        "that over all labels.",
        formula="F1 = 2 · both / (wanted + said);  macro F1 = (1/labels) Σ F1",
        measures=(
            Measure("label_f1", "F1, positive label", is_mean=False),
            Measure("macro_f1", "Macro F1", is_mean=False),
        ),
        compute=compute,
        example=Example(
            (
                Item("1", ("1",)),
                Item("0", ("1",)),
                Item("1", ("1",)),
                Item("0", ("0",)),
            ),
            {"label_f1": 4 / 5, "macro_f1": (4 / 5 + 2 / 3) / 2},
            "“1” is wanted 3 times, said 2 times, both 2 times: 4/5. “0”: wanted once, said twice, "
            "both once: 2/3.",
        ),
        source="scikit-learn's f1_score, binary and macro",
    )
)
