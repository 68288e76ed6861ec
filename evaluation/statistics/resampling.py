"""Scores of items drawn again by source."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from evaluation.statistics.evidence import Evidence, Matrix, Places

ROUNDS = 1000
SEED = 12345
"""The seed and the draws of sacrebleu's bootstrap."""
BLOCK = 4_000_000


def numbered(sources: Sequence[Hashable]) -> Places:
    """[items]: the sources' numbers from 0, in the order in which they are first met."""
    numbers: dict[Hashable, int] = {}
    found = [numbers.setdefault(source, len(numbers)) for source in sources]
    return np.array(found, dtype=np.int64)


def draws(sources: int, *, rounds: int = ROUNDS, seed: int = SEED) -> Iterator[Matrix]:
    """Blocks [some rounds, sources] of how often each source is drawn, `rounds` in all."""
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK // max(1, sources))
    for begun in range(0, rounds, block):
        size = min(block, rounds - begun)
        picks = generator.integers(0, sources, size=(size, sources))
        places = (picks + sources * np.arange(size)[:, None]).ravel()
        counts = np.bincount(places, minlength=size * sources)
        yield counts.reshape(size, sources).astype(np.float64)


def resampled(
    many: Sequence[Evidence], owners: Places, *, rounds: int = ROUNDS, seed: int = SEED
) -> Matrix:
    """[evidence, rounds]: each score of the same items under the same draws."""
    sources = int(owners.max()) + 1
    blocks = [
        np.stack([evidence.again(drawn, owners) for evidence in many])
        for drawn in draws(sources, rounds=rounds, seed=seed)
    ]
    return np.concatenate(blocks, axis=1)
