"""Prompts that are nearly the same: MinHash finds candidates, exact overlap of shingles decides."""

from functools import lru_cache

from datasketch import MinHash, MinHashLSH

SHINGLE = 5
SIMILAR = 0.8
PERMUTATIONS = 128
RECALL_THRESHOLD = 0.6


def shingles(text: str) -> frozenset[str]:
    """Runs of SHINGLE characters; a shorter text is its own only shingle."""
    last = max(1, len(text) - SHINGLE + 1)
    return frozenset(text[i : i + SHINGLE] for i in range(last))


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity in 0..1."""
    return len(one & other) / len(one | other)


class NearDuplicates:
    """Texts whose shingles overlap by at least SIMILAR with one that was added before."""

    def __init__(self) -> None:
        self._index = MinHashLSH(threshold=RECALL_THRESHOLD, num_perm=PERMUTATIONS)
        self._known: dict[str, frozenset[str]] = {}
        self._age: dict[str, int] = {}

    def near(self, text: str) -> list[str]:
        """Keys of what is nearly the same, oldest first."""
        wanted = shingles(text)
        found = self._index.query(signature(wanted))
        close = [key for key in found if overlap(wanted, self._known[key]) >= SIMILAR]
        return sorted(close, key=self._age.__getitem__)

    def add(self, key: str, text: str) -> None:
        self._known[key] = shingles(text)
        self._age[key] = len(self._age)
        self._index.insert(key, signature(self._known[key]))


@lru_cache(maxsize=4)
def signature(parts: frozenset[str]) -> MinHash:
    found = MinHash(num_perm=PERMUTATIONS)
    found.update_batch([part.encode("utf-8", "surrogatepass") for part in sorted(parts)])
    return found
