"""How good a reward model is on pairs that it has not seen."""

from collections.abc import Sequence
from math import exp, log1p
from typing import TYPE_CHECKING, NamedTuple

from llmkit.tuning.intervals import mean_with_interval

if TYPE_CHECKING:
    from llmkit.tuning.preference import Group, Pair

BINS = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Scores = Sequence[Sequence[float]]


class Bin(NamedTuple):
    """Pairs that the model was about as sure of: how sure on average, and how often right."""

    sure: float
    right: float
    pairs: int


def judged(groups: "Sequence[Group]", scores: Scores, *, longer: bool) -> dict[str, float]:
    """The measures of `scores`, one list for each group's answers.

    Intervals are by prompt. `longer`: whether the length-only baseline bets on the longer answer.
    The gain over that baseline is of the same pairs, so its interval is the one to look at.
    """
    hits = [[hit(s[p.chosen], s[p.rejected]) for p in g.pairs] for g, s in zip_(groups, scores)]
    bets = [[bet(g, p.chosen, p.rejected, longer) for p in g.pairs] for g in groups]
    gains = [[h - b for h, b in zip(*both, strict=True)] for both in zip(hits, bets, strict=True)]
    gaps = gaps_of(groups, scores)
    return {
        **with_interval("held_out_pair_accuracy", hits),
        **with_interval("length_baseline", bets),
        **with_interval("gain_over_length", gains),
        "held_out_loss": sum(log1p(exp(-min(max(gap, -700), 700))) for gap in gaps) / len(gaps),
        "calibration_error": calibration_error(gaps),
        "score_length_correlation": correlation(groups, scores),
        "held_out_pairs": float(len(gaps)),
        "held_out_prompts": float(len(groups)),
        **human_agreement(groups, hits),
    }


def with_interval(name: str, clusters: Scores) -> dict[str, float]:
    mean, low, high = mean_with_interval(clusters)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def gaps_of(groups: "Sequence[Group]", scores: Scores) -> list[float]:
    """By how much each chosen answer scores above the rejected one."""
    return [s[p.chosen] - s[p.rejected] for g, s in zip_(groups, scores) for p in g.pairs]


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
    return sum(abs(each.sure - each.right) * each.pairs for each in reliability(gaps)) / len(gaps)


def reliability(gaps: Sequence[float]) -> list[Bin]:
    """The pairs by how sure the model was of them, least sure first; empty bins are left out."""
    bins: list[list[tuple[float, float]]] = [[] for _ in range(BINS)]
    for gap in gaps:
        sure = 1 / (1 + exp(-min(abs(gap), 700)))
        bins[min(BINS - 1, int((sure - 0.5) * 2 * BINS))].append((sure, hit(gap, 0)))
    return [
        Bin(sum(s for s, _ in b) / len(b), sum(h for _, h in b) / len(b), len(b)) for b in bins if b
    ]


def reliability_of(groups: "Sequence[Group]", scores: Scores) -> list[Bin]:
    return reliability(gaps_of(groups, scores))


def distribution(groups: "Sequence[Group]", scores: Scores) -> dict[str, list[float]]:
    """The scores of chosen and of rejected answers at each QUANTILE."""
    import numpy as np

    sides: dict[str, list[float]] = {"chosen": [], "rejected": []}
    for group, found in zip_(groups, scores):
        sides["chosen"] += [found[place] for place in sorted({p.chosen for p in group.pairs})]
        sides["rejected"] += [found[place] for place in sorted({p.rejected for p in group.pairs})]
    return {side: np.quantile(found, QUANTILES).tolist() for side, found in sides.items()}


def correlation(groups: "Sequence[Group]", scores: Scores) -> float:
    """Pearson's r of an answer's score and its length in tokens; NaN where one is constant."""
    import numpy as np

    flat = [score for group in scores for score in group]
    lengths = [length for group in groups for length in group.lengths]
    if len(set(flat)) < 2 or len(set(lengths)) < 2:
        return float("nan")
    return float(np.corrcoef(flat, lengths)[0, 1])


def human_agreement(groups: "Sequence[Group]", hits: Scores) -> dict[str, float]:
    """How often two people say the same of a held-out pair, which is what a reward model can hope
    for, and how often the model says what one of them said. Pairs that several people judged."""
    judged_twice = [
        [(p, h) for p, h in zip(group.pairs, found, strict=True) if p.agreement is not None]
        for group, found in zip(groups, hits, strict=True)
    ]
    people = [[p.agreement or 0.0 for p, _ in pairs] for pairs in judged_twice if pairs]
    model = [[with_people(p, h) for p, h in pairs] for pairs in judged_twice if pairs]
    if not people:
        return {}
    return {
        **with_interval("human_agreement", people),
        **with_interval("agreement_with_people", model),
    }


def with_people(pair: "Pair", right: float) -> float:
    """The share of a pair's people who said what the model says."""
    return right * pair.support + (1 - right) * pair.opposition
