"""Which split a prompt belongs to: by a hash of it, so it stays there as the data grows.

No Django here. Feedback's snapshots and uploaded datasets split alike.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping

SPLITS = ("train", "validation", "test")
Fractions = Mapping[str, float]


def check_fractions(fractions: Fractions) -> None:
    """ValueError unless the three are numbers of 0 or more that add up to 1."""
    right = set(fractions) <= set(SPLITS) and all(f >= 0 for f in fractions.values())
    if not right or abs(sum(fractions.values()) - 1) > 1e-9:
        raise ValueError("The shares of train, validation and test must add up to 1.")


def bucket(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on the key and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def split_of(key: str, fractions: Fractions, seed: int) -> str:
    place, upper = bucket(key, seed), 0.0
    for name in SPLITS:
        upper += fractions.get(name, 0.0)
        if place < upper:
            return name
    return next(name for name in reversed(SPLITS) if fractions.get(name))


def normalised(text: str) -> str:
    """Lower case, compatibility forms, words and single spaces only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded)) or folded.strip()


def group_of(text: str) -> str:
    """Prompts with the same group may never stand in two splits."""
    return hashlib.sha256(normalised(text).encode("utf-8", "surrogatepass")).hexdigest()
