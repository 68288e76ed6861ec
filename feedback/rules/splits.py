"""Train, validation and test by root turn: stable as the data grows, and free of leaks (rule 8).

A group falls into a split by a hash of its key. Near-duplicates of an older group follow that group
wherever it is, so nothing that is nearly the same stands on both sides. Groups are read oldest
first and a group once placed never moves: one that is close to older groups of two different splits
belongs to neither and is dropped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from training.splits import SPLITS, Fractions, bucket, check_fractions, split_of

__all__ = [
    "SPLITS",
    "Fractions",
    "Group",
    "Placed",
    "bucket",
    "check_fractions",
    "place",
    "split_of",
]

BRIDGE = "close to older prompts of two splits"


@dataclass(frozen=True)
class Group:
    """A root turn: its key and its normalised text."""

    key: str
    text: str = ""


class Nearby(Protocol):
    """Remembers groups and finds the keys of those nearly the same as a new one, oldest first."""

    def near(self, group: Group) -> list[str]: ...

    def add(self, group: Group) -> None: ...


@dataclass(frozen=True)
class Placed:
    """The split of each group, or why it has none; `merged`: the older group that it follows."""

    splits: dict[str, str]
    dropped: dict[str, str]
    merged: dict[str, str]


def place(groups: Iterable[Group], fractions: Fractions, *, seed: int, nearby: Nearby) -> Placed:
    """Place every group, given oldest first. Groups appended later change no earlier place."""
    check_fractions(fractions)
    placed = Placed({}, {}, {})
    for group in groups:
        if group.key not in placed.splits and group.key not in placed.dropped:
            _place(group, placed, fractions, seed, nearby)
    return placed


def _place(group: Group, placed: Placed, fractions: Fractions, seed: int, nearby: Nearby) -> None:
    older = nearby.near(group)
    theirs = {placed.splits[key] for key in older}
    if len(theirs) > 1:
        placed.dropped[group.key] = BRIDGE
        return
    if older:
        placed.merged[group.key] = placed.merged.get(older[0], older[0])
    placed.splits[group.key] = theirs.pop() if theirs else split_of(group.key, fractions, seed)
    nearby.add(group)
