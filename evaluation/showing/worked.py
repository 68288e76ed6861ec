"""Two texts held against each other with all the numbers between: how the measures come about.

"It is cold outside" against "It is very cold outside": four of five words, two of four pairs, and
the longest common subsequence in marks.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from evaluation import metrics
from evaluation.metrics import Item, lcs, rouge

LONGEST = 2000
OUTPUT, REFERENCE = "It is cold outside", "It is very cold outside"
SIZES = {1: "words", 2: "pairs", 3: "runs of three", 4: "runs of four"}
SINGLE = ("exact_match", "exact_string", "token_f1", "bleu", "chrf")


@dataclass(frozen=True)
class Word:
    """`kept`: it belongs to the longest common subsequence."""

    text: str
    kept: bool


@dataclass(frozen=True)
class Overlap:
    """One kind of ROUGE: what is shared, said and wanted, and what follows."""

    label: str
    shared: int
    said: int
    wanted: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Order:
    """BLEU's precision of n-grams of one size."""

    what: str
    matched: int
    total: int


@dataclass(frozen=True)
class Bleu:
    orders: Sequence[Order]
    said: int
    wanted: int
    brevity: float
    value: float


@dataclass(frozen=True)
class Single:
    label: str
    value: float
    note: str = ""


@dataclass(frozen=True)
class Worked:
    output: Sequence[Word]
    reference: Sequence[Word]
    longest: str
    overlaps: Sequence[Overlap]
    bleu: Bleu
    others: Sequence[Single]


def worked(output: str, reference: str) -> Worked | None:
    """None where the reference says nothing."""
    output, reference = output[:LONGEST], reference[:LONGEST]
    if not reference.strip():
        return None
    item = Item(output, (reference,))
    said, wanted = rouge.words(output), rouge.words(reference)
    kept, common = set(lcs.places(wanted, said)), lcs.places(said, wanted)
    return Worked(
        output=[Word(word, place in common) for place, word in enumerate(said)],
        reference=[Word(word, place in kept) for place, word in enumerate(wanted)],
        longest=" ".join(wanted[place] for place in sorted(kept)),
        overlaps=overlaps(output, reference),
        bleu=bleu(item),
        others=[single(name, item) for name in SINGLE],
    )


def overlaps(output: str, reference: str) -> list[Overlap]:
    said, wanted = rouge.words(output), rouge.words(reference)
    found = rouge.overlaps(reference, output)
    counts = {
        "rouge1": (shared(said, wanted, 1), len(said), len(wanted)),
        "rouge2": (shared(said, wanted, 2), max(len(said) - 1, 0), max(len(wanted) - 1, 0)),
        "rougeL": (lcs.length(wanted, said), len(said), len(wanted)),
    }
    counts["rougeLsum"] = (round(found["rougeLsum"].recall * len(wanted)), *counts["rougeL"][1:])
    return [Overlap(rouge.KINDS[kind], *counts[kind], *found[kind]) for kind in rouge.KINDS]


def shared(said: rouge.Words, wanted: rouge.Words, size: int) -> int:
    found: Counter[rouge.Words] = rouge.ngrams(said, size) & rouge.ngrams(wanted, size)
    return found.total()


def bleu(item: Item) -> Bleu:
    finding = metrics.get("bleu").measure([item])["bleu"]
    said, wanted, *counts = (int(part) for part in finding.evidence.parts[0])  # type: ignore[attr-defined]
    orders = [Order(SIZES[n + 1], counts[n], counts[4 + n]) for n in range(4)]
    brevity = 1.0 if said >= wanted else exp(1 - wanted / said) if said else 0.0
    return Bleu(orders, said, wanted, brevity, finding.value)


def single(name: str, item: Item) -> Single:
    metric = metrics.get(name)
    finding = metric.measure([item])[metric.measures[0].name]
    return Single(metric.label, finding.value, " ".join(finding.notes))
