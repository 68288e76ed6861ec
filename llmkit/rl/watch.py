"""Reward hacking in words: what looks wrong while the reward rises, and what to try.

Gao et al. 2022 (arXiv:2210.10760): past some KL the score of the reward model goes on rising while
what it stands for falls. No curve proves that here; these are the signs that go with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST = 8
WATCHED = ("score", "kl", "length", "ended", "entropy")
OPENINGS = "same_opening"  # older runs did not count it
History = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Trend:
    """The mean of a series' first and of its last quarter."""

    first: float
    last: float

    @property
    def ratio(self) -> float:
        return self.last / self.first if self.first > 0 else float("inf") if self.last > 0 else 1.0


def trend(series: Sequence[float]) -> Trend:
    quarter = max(1, len(series) // 4)
    return Trend(sum(series[:quarter]) / quarter, sum(series[-quarter:]) / quarter)


def warnings(history: History, *, kl_target: float | None = None) -> list[str]:
    """Sentences about a run's measures so far, those about reward hacking first.

    `history`: one value a step of each of WATCHED, and of OPENINGS where the run counted them.
    Nothing is said before FEWEST steps.
    """
    return [*hacking(history, kl_target=kl_target), *failing(history)]


def hacking(history: History, *, kl_target: float | None = None) -> list[str]:
    """What goes with a reward that rises while what it stands for may not."""
    seen = trends(history)
    if not seen or seen["score"].last <= seen["score"].first:
        return []
    return [*runaway_kl(seen, kl_target), *longer(seen), *alike(seen)]


def failing(history: History) -> list[str]:
    seen = trends(history)
    return [*never_ends(seen), *collapsed(seen)] if seen else []


def trends(history: History) -> dict[str, Trend]:
    """None while there are too few steps."""
    if min(len(history.get(name, ())) for name in WATCHED) < FEWEST:
        return {}
    names = [name for name in (*WATCHED, OPENINGS) if history.get(name)]
    return {name: trend(history[name]) for name in names}


def runaway_kl(seen: Mapping[str, Trend], target: float | None) -> list[str]:
    limit = 2 * target if target else 10.0
    if seen["kl"].last <= limit:
        return []
    return [
        f"The reward rises while the KL to the reference is {seen['kl'].last:.1f} nats per answer, "
        "far from where the reward model was trained. Read the samples, and raise the KL "
        "coefficient or lower the target."
    ]


def longer(seen: Mapping[str, Trend]) -> list[str]:
    if seen["length"].ratio < 1.5:
        return []
    return [
        f"Answers grew from {seen['length'].first:.0f} to {seen['length'].last:.0f} tokens while "
        "the reward rose: the reward model may pay for length. Compare it with the length-only "
        "baseline, or set a price per token."
    ]


def alike(seen: Mapping[str, Trend]) -> list[str]:
    opening = seen.get(OPENINGS, Trend(0, 0))
    if opening.last < 0.5 or opening.last - opening.first < 0.3:
        return []
    return [
        f"The reward rises while {opening.last:.0%} of answers begin with the same words, "
        f"{opening.first:.0%} at first: the policy may have found one answer for every prompt, "
        "such as a refusal. Read the samples, and raise the KL coefficient or lower the target."
    ]


def never_ends(seen: Mapping[str, Trend]) -> list[str]:
    if seen["ended"].last >= 0.5 * seen["ended"].first or seen["ended"].first < 0.2:
        return []
    return [
        f"Only {seen['ended'].last:.0%} of answers end by themselves, {seen['ended'].first:.0%} at "
        "first. Raise the penalty for a missing end, or allow longer answers."
    ]


def collapsed(seen: Mapping[str, Trend]) -> list[str]:
    if seen["entropy"].last >= 0.3 * seen["entropy"].first:
        return []
    return [
        f"The policy's entropy fell from {seen['entropy'].first:.2f} to "
        f"{seen['entropy'].last:.2f} nats: it says nearly the same to everything. Lower the "
        "learning rate or raise the KL coefficient."
    ]
