"""Exact match without normalising, only spaces at the ends dropped: for letters, code and numbers.

Sample: output " (A)", reference "(A)" -> 1
"""

from collections.abc import Mapping, Sequence

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import mean_of

SIGNATURE = "exact_string|case:mixed|ends:stripped|refs:any"


def exact(item: Item) -> float:
    return float(item.output.strip() in {reference.strip() for reference in item.references})


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    values = [exact(item) for item in items]
    return {"exact_string": Finding(mean_of(values), SIGNATURE, values)}


METRIC = file(
    Metric(
        name="exact_string",
        label="Exact string",
        summary="The share of answers that are a reference letter by letter, leaving aside spaces "
        "at their ends.",
        formula="ES = (1/n) Σ [strip(output) ∈ {strip(r) : r ∈ references}]",
        measures=(Measure("exact_string", "Exact string"),),
        compute=compute,
        example=Example(
            (Item(" (A)", ("(A)",)), Item("(b)", ("(B)",))),
            {"exact_string": 0.5},
            "“(A)” is the reference; “(b)” is not “(B)”: 1 of 2.",
        ),
    )
)
