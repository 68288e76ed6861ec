"""F1 over words as SQuAD 2.0 defines it (Rajpurkar et al. 2018); the best of the references.

Sample: output "in Paris, France", reference "Paris" -> precision 1/3, recall 1, F1 1/2
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from evaluation.metrics.answers import normalised
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import mean_of

SIGNATURE = "token_f1|squad-2.0|case:lower|punctuation:no|articles:no|refs:best"


def f1(output: str, reference: str) -> float:
    """1 where both are nothing but articles and punctuation, as in SQuAD 2.0."""
    said, right = normalised(output).split(), normalised(reference).split()
    if not said or not right:
        return float(said == right)
    shared = (Counter(said) & Counter(right)).total()
    return 2 * shared / (len(said) + len(right))


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    values = [max(f1(item.output, text) for text in item.references) for item in items]
    return {"token_f1": Finding(mean_of(values), SIGNATURE, values)}


METRIC = file(
    Metric(
        name="token_f1",
        label="Token F1",
        summary="How many words an answer shares with its best reference, leaving aside case, "
        "punctuation and articles; the mean over the items.",
        formula="P = shared / words in the output,  R = shared / words in the reference,  "
        "F1 = 2PR / (P + R)",
        measures=(Measure("token_f1", "Token F1"),),
        compute=compute,
        example=Example(
            (Item("in Paris, France", ("Paris",)),),
            {"token_f1": 0.5},
            "One shared word of three said and one wanted: P = 1/3, R = 1, F1 = 1/2.",
        ),
        source="SQuAD 2.0's evaluation script",
    )
)
