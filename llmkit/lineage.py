"""The words in which every room says what its objects come from and what came of them.

A room's `lineage` module has three functions, and `llmsite.lineage` joins those of all rooms:

- `nodes(refs, user)`: those of its objects that the person may see, by ref;
- `parents(refs, user, most)` and `children(refs, user, most)`: the links it knows, its own objects'
  and those between them and the objects of rooms below, with at most `most` siblings of a kind.

All of them take many refs at once and ask the database a fixed number of times. Refs of other rooms
and keys that are none are passed over.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from llmkit.numbers import whole_number


class Ref(NamedTuple):
    """An object of any room, as its address names it: `Ref("model", "12")`."""

    kind: str
    key: str


@dataclass(frozen=True)
class Node:
    """What is shown of an object. `what` is its kind in words, `note` one more fact."""

    ref: Ref
    what: str
    name: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class More:
    """Siblings that are not listed one by one: `count` of them, in words (`what`), at `url`."""

    of: Ref
    kind: str
    count: int
    what: str
    url: str = ""


@dataclass
class Links:
    """`pairs` are (parent, child)."""

    pairs: list[tuple[Ref, Ref]] = field(default_factory=list)
    more: list[More] = field(default_factory=list)

    def extend(self, other: "Links") -> None:
        self.pairs += other.pairs
        self.more += other.more


class Room(Protocol):
    def nodes(self, refs: Collection[Ref], user: Any) -> dict[Ref, Node]: ...
    def parents(self, refs: Collection[Ref], user: Any, most: int) -> Links: ...
    def children(self, refs: Collection[Ref], user: Any, most: int) -> Links: ...


def numbers(refs: Iterable[Ref], kind: str) -> list[int]:
    """The keys of that kind that are row numbers."""
    keys = (whole_number(ref.key) for ref in refs if ref.kind == kind)
    return [key for key in keys if key is not None]


def ref(kind: str, key: object) -> Ref:
    return Ref(kind, str(key))
