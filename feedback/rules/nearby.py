"""Prompts that are nearly the same: MinHash finds candidates, exact overlap of shingles decides.

datasketch is imported where it is used: with scipy, which it brings, it takes a process two seconds
to start, and hardly any process needs it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from feedback.rules.splits import Group

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

SHINGLE = 5
SIMILAR = 0.8
PERMUTATIONS = 128
RECALL_THRESHOLD = 0.6
SEED = 1
SCHEME = "affine32"


def shingles(text: str) -> frozenset[str]:
    """Runs of SHINGLE characters; a shorter text is its own only shingle."""
    last = max(1, len(text) - SHINGLE + 1)
    return frozenset(text[i : i + SHINGLE] for i in range(last))


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity in 0..1."""
    return len(one & other) / len(one | other)


class NearDuplicates:
    """Texts whose shingles overlap by at least SIMILAR with one that was added before.

    `text_of` gives the text of a group whose signature alone was restored.
    """

    def __init__(self, text_of: Callable[[str], str] | None = None) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=RECALL_THRESHOLD, num_perm=PERMUTATIONS)
        self._texts: dict[str, str] = {}
        self._age: dict[str, int] = {}
        self._text_of = text_of or self._texts.__getitem__

    def near(self, group: Group) -> list[str]:
        wanted = shingles(group.text)
        found = self._index.query(signature(group.text))
        close = [key for key in found if overlap(wanted, self._shingles(key)) >= SIMILAR]
        return sorted(close, key=self._age.__getitem__)

    def add(self, group: Group) -> None:
        self._texts[group.key] = group.text
        self._insert(group.key, signature(group.text))

    def restore(self, key: str, packed: bytes) -> None:
        """Add a group again by its packed signature."""
        from datasketch import LeanMinHash

        values = np.frombuffer(packed, dtype="<u4").astype(np.uint32)
        self._insert(key, LeanMinHash(seed=SEED, hashvalues=values, scheme=SCHEME))

    def _insert(self, key: str, found: "MinHash | LeanMinHash") -> None:
        self._age[key] = len(self._age)
        self._index.insert(key, found, check_duplication=False)

    def _shingles(self, key: str) -> frozenset[str]:
        return shingles(self._texts[key] if key in self._texts else self._text_of(key))


@lru_cache(maxsize=4)
def signature(text: str) -> "MinHash":
    from datasketch import MinHash

    found = MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme=SCHEME)
    parts = sorted(shingles(text))
    found.update_batch([part.encode("utf-8", "surrogatepass") for part in parts])
    return found


def packed(text: str) -> bytes:
    """The signature in 4 bytes a permutation, to be kept."""
    values: np.ndarray = signature(text).hashvalues
    return values.astype("<u4").tobytes()


class Remembered:
    """Near groups that were worked out before; only those that were placed count."""

    def __init__(self, near: dict[str, list[str]]) -> None:
        self._near = near
        self._added: set[str] = set()

    def near(self, group: Group) -> list[str]:
        return [key for key in self._near[group.key] if key in self._added]

    def add(self, group: Group) -> None:
        self._added.add(group.key)
