"""The interval beside every score, and the words that say how it was found."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from evaluation.statistics.evidence import Evidence, Places
from evaluation.statistics.resampling import ROUNDS, SEED, numbered, resampled
from feedback.measures.intervals import LEVEL, Interval, percentiles, wilson


@dataclass(frozen=True)
class Sure:
    """A score's 95 % interval; `low` and `high` are None where there is too little to say.
    `sources` is how many things were drawn; `method` is its convention in one line."""

    low: float | None
    high: float | None
    sources: int
    method: str


def interval(
    evidence: Evidence,
    sources: Sequence[Hashable],
    *,
    shares: Sequence[float | None] | None = None,
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> Sure:
    """Wilson's where every item is right or wrong and stands for itself, else a percentile
    bootstrap by source. `shares`: the items' values where the score is their mean.
    """
    owners = numbered(sources)
    count = int(owners.max()) + 1 if len(owners) else 0
    known = [value for value in shares or () if value is not None]
    if known and count == len(known) and set(known) <= {0.0, 1.0}:
        found: Interval | None = wilson(int(sum(known)), len(known))
        method = f"wilson|level:{LEVEL}|n:{count}"
    else:
        found = bootstrapped(evidence, owners, count, rounds, seed) if count > 1 else None
        method = f"bootstrap|level:{LEVEL}|rounds:{rounds}|seed:{seed}|sources:{count}"
    low, high = found or (None, None)
    return Sure(low, high, count, method)


def bootstrapped(
    evidence: Evidence, owners: Places, count: int, rounds: int, seed: int
) -> Interval | None:
    values = resampled([evidence], owners, rounds=rounds, seed=seed)[0]
    return percentiles(values)
