"""How good a reward model is on pairs that it has not seen."""

from collections.abc import Sequence
from math import exp, log1p
from typing import TYPE_CHECKING

from llmkit.tuning.intervals import mean_with_interval

if TYPE_CHECKING:
    from llmkit.tuning.preference import Group

BINS = 10
Scores = Sequence[Sequence[float]]


def judged(groups: "Sequence[Group]", scores: Scores, *, longer: bool) -> dict[str, float]:
    """The measures of `scores`, one list for each group's answers.

    Intervals are by prompt. `longer`: whether the length-only baseline bets on the longer answer.
    """
    hits = [[hit(s[p.chosen], s[p.rejected]) for p in g.pairs] for g, s in zip_(groups, scores)]
    bets = [[bet(g, p.chosen, p.rejected, longer) for p in g.pairs] for g in groups]
    accuracy, low, high = mean_with_interval(hits)
    baseline, baseline_low, baseline_high = mean_with_interval(bets)
    gaps = [s[p.chosen] - s[p.rejected] for g, s in zip_(groups, scores) for p in g.pairs]
    return {
        "held_out_pair_accuracy": accuracy,
        "held_out_pair_accuracy_low": low,
        "held_out_pair_accuracy_high": high,
        "length_baseline": baseline,
        "length_baseline_low": baseline_low,
        "length_baseline_high": baseline_high,
        "held_out_loss": sum(log1p(exp(-min(max(gap, -700), 700))) for gap in gaps) / len(gaps),
        "calibration_error": calibration_error(gaps),
        "score_length_correlation": correlation(groups, scores),
        "held_out_pairs": float(len(gaps)),
        "held_out_prompts": float(len(groups)),
        **human_agreement(groups),
    }


def zip_(groups: "Sequence[Group]", scores: Scores) -> "list[tuple[Group, Sequence[float]]]":
    return list(zip(groups, scores, strict=True))


def hit(better: float, worse: float) -> float:
    """1 where the order is right; equal scores are a coin's toss."""
    return 0.5 if better == worse else float(better > worse)


def bet(group: "Group", chosen: int, rejected: int, longer: bool) -> float:
    better, worse = group.lengths[chosen], group.lengths[rejected]
    return hit(better, worse) if longer else hit(worse, better)


def calibration_error(gaps: Sequence[float]) -> float:
    """Mean |confidence − accuracy| over BINS of σ(|gap|), which lies between ½ and 1."""
    bins: list[list[tuple[float, float]]] = [[] for _ in range(BINS)]
    for gap in gaps:
        sure = 1 / (1 + exp(-min(abs(gap), 700)))
        bins[min(BINS - 1, int((sure - 0.5) * 2 * BINS))].append((sure, hit(gap, 0)))
    off = [abs(sum(s for s, _ in b) - sum(h for _, h in b)) for b in bins if b]
    return sum(off) / len(gaps)


def correlation(groups: "Sequence[Group]", scores: Scores) -> float:
    """Pearson's r of an answer's score and its length in tokens; NaN where one is constant."""
    import numpy as np

    flat = [score for group in scores for score in group]
    lengths = [length for group in groups for length in group.lengths]
    if len(set(flat)) < 2 or len(set(lengths)) < 2:
        return float("nan")
    return float(np.corrcoef(flat, lengths)[0, 1])


def human_agreement(groups: "Sequence[Group]") -> dict[str, float]:
    """How often two people say the same of a held-out pair: what a reward model can hope for."""
    found = [p.agreement for g in groups for p in g.pairs if p.agreement is not None]
    return {"human_agreement": sum(found) / len(found)} if found else {}
