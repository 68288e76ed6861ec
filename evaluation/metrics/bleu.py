"""BLEU (Papineni et al. 2002) of a corpus, as sacrebleu computes it (Post 2018).

Sample: output "It is cold outside", reference "It is very cold outside"
-> precisions 4/4, 2/3, 0/2, 0/1 (smoothed to 1/4 and 1/4), brevity exp(1 - 5/4): 35.19
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, file
from evaluation.metrics.sacre import counted
from evaluation.statistics.evidence import Matrix, Sums

ORDER = 4


def combine(sums: Matrix) -> Matrix:
    """BLEU 0–100 from [..., 10]: output length, reference length, matches and n-grams of orders
    1 to 4. Orders without a match are smoothed exponentially, as in sacrebleu's default."""
    said, wanted = sums[..., 0], sums[..., 1]
    precisions, present = smoothed(sums[..., 2 : 2 + ORDER], sums[..., 2 + ORDER :])
    with np.errstate(divide="ignore", invalid="ignore"):
        brevity = np.where(said < wanted, np.exp(1 - wanted / np.maximum(said, 1e-300)), 1.0)
        mean = np.exp(np.log(precisions).mean(axis=-1))
    return np.where(present.all(axis=-1) & (sums[..., 2] > 0), 100 * brevity * mean, 0.0)


def smoothed(matches: Matrix, total: Matrix) -> tuple[Matrix, Matrix]:
    """Precisions [..., 4], and 1.0 where there are n-grams of an order at all."""
    empty = matches == 0
    halved = matches + empty * 0.5 ** np.cumsum(empty, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, halved / total, 0.0), (total > 0).astype(np.float64)


def of_items(parts: Matrix) -> list[float | None]:
    """Sentence BLEU, with orders that a short output lacks left out (sacrebleu's
    `effective_order`): a help to find items, never to be averaged into a score."""
    from sacrebleu.metrics.bleu import BLEU

    rows = parts.astype(int).tolist()
    effective = BLEU(effective_order=True)
    return [float(effective._compute_score_from_stats(row).score) for row in rows]


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU(force=True)
    parts = counted(bleu, items)
    signature = f"bleu|{bleu.get_signature()}"
    found = Finding(Sums(parts, combine), signature, of_items(parts), is_mean=False)
    return {"bleu": found}


METRIC = file(
    Metric(
        name="bleu",
        label="BLEU",
        summary="How many of the outputs' n-grams, of one to four words, stand in a reference, "
        "over the whole corpus; short outputs are marked down. From 0 to 100.",
        formula="BLEU = 100 · BP · exp(¼ Σ log pₙ),  BP = min(1, exp(1 − wanted / said))",
        measures=(Measure("bleu", "BLEU", high=100.0, is_mean=False),),
        compute=compute,
        example=Example(
            (Item("It is cold outside", ("It is very cold outside",)),),
            {"bleu": 100 * np.exp(1 - 5 / 4) * (1 * (2 / 3) * (1 / 2 / 2) * (1 / 4 / 1)) ** 0.25},
            "4 of 4 words, 2 of 3 pairs, 0 of 2 triples (counted as ½), 0 of 1 fours (as ¼); four "
            "words for five: BP = exp(1 − 5/4) = 0.779.",
        ),
        library="sacrebleu",
        source="Post (2018), A Call for Clarity in Reporting BLEU Scores",
        warnings=(
            "A mean of sentences' BLEU and BLEU over characters are other numbers, which some "
            "tools call BLEU too.",
        ),
    )
)
