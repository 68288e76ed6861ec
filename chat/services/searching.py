"""The fewest of something that are enough, found with few looks."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Search(Generic[T]):
    """For the least number from `low` to `high` that will do, where every greater one does too.

    It halves what is left, after it has looked around `start`, where it ended the last time. Look
    at `probe` and `learn` of it until `is_over`; `found` is then what `high` gave, or None where
    nobody has looked at that.
    """

    low: int
    high: int
    start: int = -1
    found: T | None = None

    @property
    def is_over(self) -> bool:
        return self.low >= self.high

    @property
    def probe(self) -> int:
        near = (self.start, self.start - 1, self.start + 1) if self.start >= 0 else ()
        open_ones = [number for number in near if self.low <= number < self.high]
        return open_ones[0] if open_ones else (self.low + self.high) // 2

    def learn(self, number: int, found: T | None) -> None:
        """`found` is what `number` gave where it will do; None: it will not."""
        if found is None:
            self.low = number + 1
        else:
            self.high, self.found = number, found
