"""Exact match as SQuAD defines it (Rajpurkar et al. 2016): the answer, normalised, is one of the
references, normalised.

Sample: output "The Eiffel Tower!", reference "Eiffel tower" -> 1
"""

from collections.abc import Mapping, Sequence

from evaluation.metrics.answers import normalised, nothing_left
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import mean_of

SIGNATURE = "exact_match|squad|case:lower|punctuation:no|articles:no|refs:any"


def exact(item: Item) -> float:
    said = normalised(item.output)
    return float(any(said == normalised(reference) for reference in item.references))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    values = [exact(item) for item in items]
    empty = nothing_left([item.references for item in items])
    note = f"{empty} references are nothing but articles or punctuation. Take 'exact_string'."
    found = Finding(mean_of(values), SIGNATURE, values, notes=(note,) if empty else ())
    return {"exact_match": found}


METRIC = file(
    Metric(
        name="exact_match",
        label="Exact match",
        summary="The share of answers that say just what a reference says, leaving aside case, "
        "punctuation and articles.",
        formula="EM = (1/n) Σ [norm(output) ∈ {norm(r) : r ∈ references}]",
        measures=(Measure("exact_match", "Exact match"),),
        compute=compute,
        example=Example(
            (
                Item("The Eiffel Tower!", ("Eiffel tower",)),
                Item("In Paris", ("Paris",)),
            ),
            {"exact_match": 0.5},
            "“The Eiffel Tower!” becomes “eiffel tower” and matches; “in paris” is not “paris”: "
            "1 of 2.",
        ),
        source="SQuAD's evaluation script",
        warnings=("A reference like “(A)” normalises to nothing; take Exact string for those.",),
    )
)
