"""Position bias: how often the answer shown first wins. One half where the order means nothing."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feedback.measures.intervals import Interval, wilson

Pair = tuple[int, int]


class Bias(NamedTuple):
    """`first_wins` of `decided` pairs in which the better answer was shown before the worse."""

    first_wins: int
    decided: int

    @property
    def share(self) -> float | None:
        return self.first_wins / self.decided if self.decided else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.first_wins, self.decided)


def position_bias(judged: Iterable[tuple[Sequence[int], Iterable[Pair]]]) -> Bias:
    """Over (permutation shown, pairs (chosen, rejected)); `permutation[k]` is who stood at k."""
    first = decided = 0
    for permutation, pairs in judged:
        place = {candidate: k for k, candidate in enumerate(permutation)}
        for chosen, rejected in pairs:
            if chosen in place and rejected in place:
                decided += 1
                first += place[chosen] < place[rejected]
    return Bias(first, decided)
