"""What a score is made of, so that it can be computed again for other draws of the same items.

Most scores, means and BLEU alike, are functions of sums over items: a thousand bootstrap rounds
are then one matrix product. A rank correlation is not, and is computed from the items drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


class Evidence(Protocol):
    @property
    def items(self) -> int: ...

    def value(self) -> float:
        """The score over all items, NaN where it is undefined."""
        ...

    def again(self, drawn: Matrix, owners: Places) -> Matrix:
        """[rounds]: the score when source `s` is there `drawn[round, s]` times; `owners` [items]
        numbers the source of each item."""
        ...


@dataclass(frozen=True)
class Sums:
    """`parts` [items, columns]; the score is `combine` of their sums, [..., columns] -> [...]."""

    parts: Matrix
    combine: Callable[[Matrix], Matrix]

    @property
    def items(self) -> int:
        return len(self.parts)

    def value(self) -> float:
        return float(self.combine(self.parts.sum(axis=0)))

    def again(self, drawn: Matrix, owners: Places) -> Matrix:
        return self.combine(drawn @ by_source(self.parts, owners, drawn.shape[1]))


@dataclass(frozen=True)
class Whole:
    """`compute` takes how often each item is there, [rounds, items], and gives [rounds]."""

    items: int
    compute: Callable[[Matrix], Matrix]

    def value(self) -> float:
        return float(self.compute(np.ones((1, self.items)))[0])

    def again(self, drawn: Matrix, owners: Places) -> Matrix:
        return self.compute(drawn[:, owners])


def by_source(parts: Matrix, owners: Places, sources: int) -> Matrix:
    """Sums of the rows [items, columns] of each source: [sources, columns]."""
    if sources == len(parts) and np.array_equal(owners, np.arange(sources)):
        return parts
    found = np.zeros((sources, parts.shape[1]))
    np.add.at(found, owners, parts)
    return found


def ratio(sums: Matrix) -> Matrix:
    """First column over the second, NaN over 0."""
    over, under = sums[..., 0], sums[..., 1]
    found = np.full(np.shape(over), np.nan)
    return np.asarray(np.divide(over, under, out=found, where=under != 0))


def mean_of(values: Sequence[float | None]) -> Sums:
    """The mean of what is known."""
    known = [(0.0, 0.0) if value is None else (float(value), 1.0) for value in values]
    return Sums(np.array(known, dtype=np.float64).reshape(len(known), 2), ratio)
