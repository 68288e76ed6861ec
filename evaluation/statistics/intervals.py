"""The interval beside every score, and the words that say how it was found."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from evaluation.statistics.evidence import Evidence
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
    return intervals([(evidence, shares)], sources, rounds=rounds, seed=seed)[0]


def intervals(
    many: Sequence[tuple[Evidence, Sequence[float | None] | None]],
    sources: Sequence[Hashable],
    *,
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> list[Sure]:
    """Of several scores of the same items, each with its shares, under the same draws."""
    owners = numbered(sources)
    count = int(owners.max()) + 1 if len(owners) else 0
    plain = [right_or_wrong(shares, count) for _, shares in many]
    drawn = [evidence for (evidence, _), exact in zip(many, plain, strict=True) if not exact]
    again = iter(resampled(drawn, owners, rounds=rounds, seed=seed) if count > 1 and drawn else ())
    method = f"bootstrap|level:{LEVEL}|rounds:{rounds}|seed:{seed}|sources:{count}"
    return [
        of_share(shares, count) if exact else sure(percentiles(next(again, ())), count, method)
        for (_, shares), exact in zip(many, plain, strict=True)
    ]


def right_or_wrong(shares: Sequence[float | None] | None, sources: int) -> bool:
    return bool(shares) and len(shares or ()) == sources and set(shares or ()) <= {0.0, 1.0}


def of_share(shares: Sequence[float | None] | None, count: int) -> Sure:
    known = [value for value in shares or () if value is not None]
    return sure(wilson(int(sum(known)), count), count, f"wilson|level:{LEVEL}|n:{count}")


def sure(found: Interval | None, count: int, method: str) -> Sure:
    return Sure(found.low, found.high, count, method) if found else Sure(None, None, count, method)
