"""A draw by seed.

The order comes from a hash of seed and position, not from `random`, whose `sample` may change
between Python versions. One more shot adds an example and keeps the ones before it.
"""

import hashlib

from llmkit.prompts.choosing import Choice, Way, ways


def _lot(seed: int, index: int) -> str:
    return hashlib.sha256(f"{seed}:{index}".encode()).hexdigest()


def draw(choice: Choice) -> list[int]:
    shuffled = sorted(choice.candidates, key=lambda index: _lot(choice.shots.seed, index))
    return shuffled[: choice.shots.count]


ways.register("random")(Way("at random, by seed", draw))
