"""Accuracy of labels: the share of items whose output is a reference.

Sample: output "positive", reference "positive" -> 1
"""

from collections.abc import Mapping, Sequence

from evaluation.metrics.labels import said
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import mean_of

SIGNATURE = "accuracy|labels|case:mixed|ends:stripped|refs:any"


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    values = [float(said(item) in {text.strip() for text in item.references}) for item in items]
    return {"accuracy": Finding(mean_of(values), SIGNATURE, values)}


METRIC = file(
    Metric(
        name="accuracy",
        label="Accuracy",
        summary="The share of items whose output is the right label.",
        formula="accuracy = (1/n) Σ [output = reference]",
        measures=(Measure("accuracy", "Accuracy"),),
        compute=compute,
        example=Example(
            (Item("yes", ("yes",)), Item("no", ("yes",)), Item("no", ("no",)), Item("", ("no",))),
            {"accuracy": 0.5},
            "Two of four; saying nothing is wrong.",
        ),
    )
)
