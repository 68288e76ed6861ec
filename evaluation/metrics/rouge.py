"""ROUGE (Lin 2004) as Google's rouge-score computes it, with its stemmer.

Words and n-grams are rouge-score's own; the longest common subsequence is found by
`evaluation.metrics.lcs`, which gives the same numbers and does not take minutes for long texts.

Sample: output "It is cold outside", reference "It is very cold outside"
-> ROUGE-1 P 1, R 4/5, F1 8/9; ROUGE-2 P 2/3, R 1/2, F1 4/7; ROUGE-L P 1, R 4/5, F1 8/9
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from evaluation.metrics import lcs
from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.statistics.evidence import mean_of

if TYPE_CHECKING:
    from rouge_score.tokenizers import DefaultTokenizer

Words = tuple[str, ...]
KINDS = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}
PARTS = {"": "F1", "precision": "precision", "recall": "recall"}


class Overlap(NamedTuple):
    precision: float
    recall: float
    f1: float


NOTHING = Overlap(0.0, 0.0, 0.0)


@cache
def tokenizer() -> "DefaultTokenizer":
    from rouge_score.tokenizers import DefaultTokenizer

    return DefaultTokenizer(use_stemmer=True)


@lru_cache(maxsize=20_000)
def words(text: str) -> Words:
    """Lower-case runs of a–z and 0–9, stemmed where longer than three letters."""
    return tuple(tokenizer().tokenize(text))


def overlap(hits: int, said: int, wanted: int) -> Overlap:
    precision, recall = hits / max(said, 1), hits / max(wanted, 1)
    both = precision + recall
    return Overlap(precision, recall, 2 * precision * recall / both if both else 0.0)


def of_ngrams(reference: Words, output: Words, size: int) -> Overlap:
    wanted, said = ngrams(reference, size), ngrams(output, size)
    return overlap((wanted & said).total(), said.total(), wanted.total())


def ngrams(tokens: Words, size: int) -> Counter[Words]:
    return Counter(tokens[at : at + size] for at in range(len(tokens) - size + 1))


def of_longest(reference: Words, output: Words) -> Overlap:
    if not reference or not output:
        return NOTHING
    return overlap(lcs.length(reference, output), len(output), len(reference))


def of_sentences(reference: str, output: str) -> Overlap:
    """ROUGE-Lsum: the union of the longest common subsequences of each reference sentence with
    every output sentence; sentences are lines. A word counts as often as both texts have it."""
    wanted = [words(line) for line in reference.split("\n") if line]
    said = [words(line) for line in output.split("\n") if line]
    left_wanted = Counter(word for line in wanted for word in line)
    left_said = Counter(word for line in said for word in line)
    total_wanted, total_said, hits = left_wanted.total(), left_said.total(), 0
    for line in wanted:
        union = sorted({place for other in said for place in lcs.places(line, other)})
        for word in (line[place] for place in union):
            if left_said[word] > 0 and left_wanted[word] > 0:
                hits += 1
                left_said[word] -= 1
                left_wanted[word] -= 1
    return overlap(hits, total_said, total_wanted)


def overlaps(reference: str, output: str) -> dict[str, Overlap]:
    wanted, said = words(reference), words(output)
    return {
        "rouge1": of_ngrams(wanted, said, 1),
        "rouge2": of_ngrams(wanted, said, 2),
        "rougeL": of_longest(wanted, said),
        "rougeLsum": of_sentences(reference, output),
    }


def best(item: Item) -> dict[str, Overlap]:
    """Of several references the one with the best F1, for each kind by itself."""
    found = [overlaps(reference, item.output) for reference in item.references]
    return {kind: max((one[kind] for one in found), key=lambda one: one.f1) for kind in KINDS}


def signature(items: Sequence[Item]) -> str:
    counts = {len(item.references) for item in items}
    references = str(counts.pop()) if len(counts) == 1 else "var"
    return (
        f"nrefs:{references}|refs:best-f1|stemmer:porter|lsum:newline|aggregate:mean"
        f"|rouge-score:{version('rouge-score')}"
    )


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found, said = [best(item) for item in items], signature(items)
    measures = {}
    for kind in KINDS:
        for part in PARTS:
            values = [getattr(one[kind], part or "f1") for one in found]
            name = name_of(kind, part)
            measures[name] = Finding(mean_of(values), f"{name}|{said}", values)
    return measures


def name_of(kind: str, part: str) -> str:
    return f"{kind}_{part}" if part else kind


def measures() -> tuple[Measure, ...]:
    return tuple(
        Measure(name_of(kind, part), f"{label} {told}" if part else label, main=not part)
        for kind, label in KINDS.items()
        for part, told in PARTS.items()
    )


METRIC = file(
    Metric(
        name="rouge",
        label="ROUGE",
        summary="How much of a reference an output repeats: single words (1), pairs of words (2), "
        "the longest common subsequence (L), and that by sentences (Lsum).",
        formula="P = shared / said,  R = shared / wanted,  F1 = 2PR / (P + R);  shared: n-grams, "
        "or words of the longest common subsequence",
        measures=measures(),
        compute=compute,
        example=Example(
            (Item("It is cold outside", ("It is very cold outside",)),),
            {
                "rouge1": 8 / 9,
                "rouge1_precision": 1.0,
                "rouge1_recall": 4 / 5,
                "rouge2": 4 / 7,
                "rouge2_precision": 2 / 3,
                "rouge2_recall": 1 / 2,
                "rougeL": 8 / 9,
                "rougeLsum": 8 / 9,
            },
            "Four of four words and two of three pairs are in the reference, which has five words "
            "and four pairs; the longest common subsequence is “it is cold outside”.",
        ),
        library="rouge-score",
        source="Lin (2004), ROUGE: A Package for Automatic Evaluation of Summaries",
        warnings=(
            "Only the letters a–z and digits count: texts in other scripts score 0.",
            "ROUGE-Lsum needs a newline between sentences; without one it is ROUGE-L.",
        ),
    )
)
