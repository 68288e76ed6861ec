"""The one graph over all rooms: from what people said to models and their scores, and back.

Each room says what its own objects come from (llmkit/lineage.py); here their answers are walked,
upwards from an object to what it came from and downwards to what came of it. What the person may
not see is not walked through either, so nobody learns of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import chat.lineage
import evaluation.lineage
import feedback.lineage
import training.lineage
from accounts.models import User
from llmkit.lineage import Links, More, Node, Ref, Room

ROOMS: Sequence[Room] = (training.lineage, feedback.lineage, evaluation.lineage, chat.lineage)
SIBLINGS = 6
STEPS = 16
MOST_NODES = 150


@dataclass
class Graph:
    """`links` are (parent, child) between nodes; `start` is the object it is about."""

    start: Ref
    nodes: dict[Ref, Node]
    links: list[tuple[Ref, Ref]] = field(default_factory=list)
    more: list[More] = field(default_factory=list)

    def above(self, ref: Ref) -> list[Node]:
        return [self.nodes[parent] for parent, child in self.links if child == ref]

    def below(self, ref: Ref) -> list[Node]:
        return [self.nodes[child] for parent, child in self.links if parent == ref]


def graph(start: Ref, user: User) -> Graph | None:
    """None where there is no such object, or the person may not see it."""
    nodes = seen((start,), user)
    if start not in nodes:
        return None
    found = Graph(start, nodes)
    walk(found, user, upwards=True)
    walk(found, user, upwards=False)
    tidy(found)
    return found


def seen(refs: Collection[Ref], user: User) -> dict[Ref, Node]:
    return {ref: node for room in ROOMS for ref, node in room.nodes(refs, user).items()}


def asked(refs: Collection[Ref], user: User, *, upwards: bool) -> Links:
    found = Links()
    for room in ROOMS:
        ask = room.parents if upwards else room.children
        found.extend(ask(refs, user, SIBLINGS))
    return found


def walk(found: Graph, user: User, *, upwards: bool) -> None:
    """Step by step, all objects of a step at once."""
    step, walked = {found.start}, {found.start}
    for _ in range(STEPS):
        links = asked(step, user, upwards=upwards)
        ends = {pair[0] if upwards else pair[1] for pair in links.pairs}
        found.nodes |= seen(ends - set(found.nodes), user)
        found.links += [pair for pair in links.pairs if set(pair) <= set(found.nodes)]
        found.more += links.more
        step = (ends & set(found.nodes)) - walked
        walked |= step
        if not step or len(found.nodes) > MOST_NODES:
            return


def tidy(found: Graph) -> None:
    """Each link once, no link that leads back, and no count of what nobody was shown of."""
    found.links = without_shortcuts(list(dict.fromkeys(found.links)))
    shown = {(end, other.kind) for a, b in found.links for end, other in ((a, b), (b, a))}
    found.more = [one for one in dict.fromkeys(found.more) if (one.of, one.kind) in shown]


def without_shortcuts(links: list[tuple[Ref, Ref]]) -> list[tuple[Ref, Ref]]:
    """A model's parent is not drawn beside the run that says the same with more: model → run →
    model."""
    below: dict[Ref, set[Ref]] = {}
    for parent, child in links:
        below.setdefault(parent, set()).add(child)
    return [
        (parent, child)
        for parent, child in links
        if not any(child in below.get(between, ()) for between in below[parent] - {child})
    ]
