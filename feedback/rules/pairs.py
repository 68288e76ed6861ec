"""Preference pairs from one ranking: a pure function of the ranking and the rule version.

Rules, version 1:

1. Tiers plus the unranked candidates exactly partition the set, else the ranking is refused.
2. A better tier beats a worse one; candidates of one tier are tied and never paired.
3. All-bad gives no pair, only unpaired rows labelled False.
4. An acceptable candidate beats an unacceptable one, also where one of them is unranked.
5. A person's edit beats its original only where they confirmed that it is better.
6. Every pair weighs 1 / (pairs of this ranking), so that each ranking counts once (all C(K, 2)
   pairs of a prompt in one batch element: Ouyang et al. 2022, InstructGPT, section 3.5).

Sample: tiers [[0], [1, 2]] over three candidates gives 0 > 1 and 0 > 2, each with weight 0.5, and
the tie {1, 2}.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

RULE_VERSION = 1


class RankingError(ValueError):
    """The ranking cannot be stored; the text is one sentence that says what is wrong with it."""


@dataclass(frozen=True)
class Ranking:
    """What one person said about candidates 0..size-1, best tier first.

    `unacceptable` lie below the person's line. `edit_of` is the candidate whose edited text the
    person confirmed to be better; the edit stands in pairs as candidate number `size`.
    `best_only`: they said which one is best and nothing about the others among themselves, so
    the second tier holds the rest and is no tie.
    """

    size: int
    tiers: tuple[tuple[int, ...], ...]
    unranked: tuple[int, ...] = ()
    unacceptable: frozenset[int] = field(default=frozenset())
    all_bad: bool = False
    edit_of: int | None = None
    best_only: bool = False

    def checked(self) -> "Ranking":
        """Itself, or RankingError about the first rule that it breaks."""
        check_partition(self)
        check_line(self)
        if self.best_only and [len(tier) for tier in self.tiers] != [1, self.size - 1]:
            raise RankingError("Name one best answer; the others stand together.")
        if self.edit_of is not None and not 0 <= self.edit_of < self.size:
            raise RankingError(f"There is no candidate {self.edit_of} to edit.")
        return self

    def tier_of(self) -> dict[int, int]:
        return {member: place for place, tier in enumerate(self.tiers) for member in tier}


@dataclass(frozen=True)
class Pair:
    """`chosen` beats `rejected`. The seed's vector form is (chosen, rejected) with [1, 0]."""

    chosen: int
    rejected: int
    weight: float


@dataclass(frozen=True)
class Derived:
    """Pairs, ties {i, j} at p = 0.5, and unpaired labels (True: desirable) by candidate."""

    pairs: tuple[Pair, ...]
    ties: tuple[tuple[int, int], ...]
    labels: dict[int, bool]


def check_partition(ranking: Ranking) -> None:
    named = Counter([*(member for tier in ranking.tiers for member in tier), *ranking.unranked])
    strangers = sorted(set(named) - set(range(ranking.size)))
    if strangers:
        raise RankingError(f"Candidate {strangers[0]} is not part of this set.")
    twice = sorted(member for member, times in named.items() if times > 1)
    if twice:
        raise RankingError(f"Candidate {twice[0]} is ranked twice.")
    missing = sorted(set(range(ranking.size)) - set(named))
    if missing:
        raise RankingError(f"Candidate {missing[0]} is missing: rank it or leave it unranked.")
    if not all(ranking.tiers):
        raise RankingError("A tier is empty.")


def check_line(ranking: Ranking) -> None:
    """What lies below the line may not be ranked as good as what lies above it."""
    if not ranking.unacceptable <= set(range(ranking.size)):
        raise RankingError("A candidate below the line is not part of this set.")
    if ranking.all_bad and len(ranking.unacceptable) < ranking.size:
        raise RankingError("All-bad needs every candidate below the line.")
    below = [bool(set(tier) & ranking.unacceptable) for tier in ranking.tiers]
    mixed = any(0 < len(set(tier) & ranking.unacceptable) < len(tier) for tier in ranking.tiers)
    if mixed or below != sorted(below):
        raise RankingError("An unacceptable candidate is ranked as good as an acceptable one.")


def beats(ranking: Ranking, tiers: Mapping[int, int], one: int, other: int) -> bool:
    """Whether `one` is strictly better than `other` by rules 2 and 4."""
    if (one in ranking.unacceptable) != (other in ranking.unacceptable):
        return other in ranking.unacceptable
    return one in tiers and other in tiers and tiers[one] < tiers[other]


def derive(ranking: Ranking, version: int = RULE_VERSION) -> Derived:
    """The training data of one ranking. RankingError for a ranking that breaks a rule."""
    if version != RULE_VERSION:
        raise RankingError(f"There is no rule version {version}; the newest is {RULE_VERSION}.")
    ranking.checked()
    if ranking.all_bad:
        return Derived((), (), dict.fromkeys(range(ranking.size), False))
    won = strict_wins(ranking)
    weight = 1 / len(won) if won else 0.0
    pairs = tuple(Pair(chosen, rejected, weight) for chosen, rejected in won)
    return Derived(pairs, tied(ranking), labels(ranking, won))


def strict_wins(ranking: Ranking) -> list[tuple[int, int]]:
    tiers = ranking.tier_of()
    won = [
        (chosen, rejected)
        for i, j in combinations(range(ranking.size), 2)
        for chosen, rejected in ((i, j), (j, i))
        if beats(ranking, tiers, chosen, rejected)
    ]
    return won if ranking.edit_of is None else [*won, (ranking.size, ranking.edit_of)]


def tied(ranking: Ranking) -> tuple[tuple[int, int], ...]:
    """Pairs that the person put into one tier; unranked candidates are not tied, but unknown."""
    tiers = ranking.tiers[:1] if ranking.best_only else ranking.tiers
    inside = [combinations(sorted(tier), 2) for tier in tiers]
    return tuple(sorted(pair for pairs in inside for pair in pairs))


def labels(ranking: Ranking, won: Sequence[tuple[int, int]]) -> dict[int, bool]:
    """Unpaired labels: by the person's line where they drew one, else best True and worst False.

    Without a line a candidate that both wins and loses says neither, and gets no label. A set of
    one is a thumb: up is an empty line, down is all-bad.
    """
    if ranking.unacceptable or ranking.size == 1:
        return {i: i not in ranking.unacceptable for i in range(ranking.size)}
    winners, losers = {i for i, _ in won}, {j for _, j in won}
    return {i: i in winners for i in sorted((winners ^ losers) - {ranking.size})}
