"""What several people said about the same candidates, pair by pair (rule 7).

The share of {i, j} is (wins of i + half the ties) / votes. Only a share at least `margin` away from
one half gives a hard label; what is closer is a contradiction, which is counted and never kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from feedback.rules.pairs import Derived

Key = tuple[int, int]


@dataclass(frozen=True)
class Votes:
    """Raw votes about candidates i < j."""

    wins: int = 0
    losses: int = 0
    ties: int = 0

    @property
    def total(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def share(self) -> float:
        """How much of the vote candidate i got, in 0..1."""
        return (self.wins + self.ties / 2) / self.total

    def plus(self, outcome: int) -> "Votes":
        """With one more vote: 1 for i, -1 for j, 0 for a tie."""
        return Votes(
            self.wins + (outcome > 0), self.losses + (outcome < 0), self.ties + (outcome == 0)
        )


@dataclass(frozen=True)
class Consensus:
    """Hard labels (chosen, rejected), what was tied by all, and what the votes contradict in."""

    pairs: tuple[Key, ...]
    ties: tuple[Key, ...]
    contradictions: tuple[Key, ...]


def outcomes(derived: Derived) -> dict[Key, int]:
    """1, 0 or -1 for every {i, j} that one ranking says something about, with i < j."""
    found = dict.fromkeys(derived.ties, 0)
    for pair in derived.pairs:
        first, second = sorted((pair.chosen, pair.rejected))
        found[first, second] = 1 if pair.chosen == first else -1
    return found


def tally(rankings: Iterable[Derived]) -> dict[Key, Votes]:
    votes: dict[Key, Votes] = {}
    for derived in rankings:
        for key, outcome in outcomes(derived).items():
            votes[key] = votes.get(key, Votes()).plus(outcome)
    return votes


def consensus(votes: dict[Key, Votes], *, margin: float = 0.0) -> Consensus:
    """The hard labels. `margin` in 0..0.5; a share of exactly one half never gives a label."""
    pairs, ties, contradictions = [], [], []
    for (i, j), vote in sorted(votes.items()):
        distance = vote.share - 0.5
        if vote.ties == vote.total:
            ties.append((i, j))
        elif distance == 0 or abs(distance) < margin:
            contradictions.append((i, j))
        else:
            pairs.append((i, j) if distance > 0 else (j, i))
    return Consensus(tuple(pairs), tuple(ties), tuple(contradictions))
