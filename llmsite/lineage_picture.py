"""Where the boxes and lines of a lineage stand: in columns, as things came about."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llmkit.lineage import More, Node, Ref
from llmsite.lineage import Graph

WIDTH, HEIGHT = 200, 48
ACROSS, DOWN = 44, 12
MARGIN = 8
LETTERS = 23
SWEEPS = 4


@dataclass(frozen=True)
class Box:
    """A node, or what was not listed one by one, with its upper left corner."""

    x: int
    y: int
    node: Node | None = None
    more: More | None = None
    is_start: bool = False
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def middle(self) -> int:
        return self.y + HEIGHT // 2

    @property
    def right(self) -> int:
        return self.x + WIDTH

    @property
    def label_x(self) -> int:
        return self.x + 10

    @property
    def what_y(self) -> int:
        return self.y + 18

    @property
    def name_y(self) -> int:
        return self.y + 36

    @property
    def what(self) -> str:
        return self.node.what if self.node else ""

    @property
    def name(self) -> str:
        full = self.node.name if self.node else ""
        return full if len(full) <= LETTERS else full[: LETTERS - 1] + "…"


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


Item = Ref | More


def picture(graph: Graph) -> Picture:
    layers = layers_of(graph)
    boxes = placed(graph, layers)
    lines = [line(boxes[parent], boxes[child]) for parent, child in graph.links]
    lines += [more_line(graph, boxes, one) for one in graph.more]
    tallest = max(len(layer) for layer in layers)
    return Picture(
        2 * MARGIN + len(layers) * (WIDTH + ACROSS) - ACROSS,
        2 * MARGIN + tallest * (HEIGHT + DOWN) - DOWN,
        tuple(boxes.values()),
        tuple(lines),
    )


def depths(graph: Graph) -> dict[Ref, int]:
    """How many steps lead to each, along the longest way."""
    found = dict.fromkeys(graph.nodes, 0)
    for _ in range(len(found)):
        changed = False
        for parent, child in graph.links:
            if found[child] <= found[parent]:
                found[child], changed = found[parent] + 1, True
        if not changed:
            break
    return found


def layers_of(graph: Graph) -> list[list[Item]]:
    """By column, each in an order in which few lines cross; empty columns are left out."""
    depth = depths(graph)
    columns: dict[int, list[Item]] = defaultdict(list)
    for ref in graph.nodes:
        columns[depth[ref]].append(ref)
    for _ in range(SWEEPS):
        straighten(graph, columns)
    for one in graph.more:
        columns[depth[neighbour(graph, one)]].append(one)
    return [columns[number] for number in sorted(columns)]


def neighbour(graph: Graph, more: More) -> Ref:
    """One of those siblings that are listed."""
    ends = {end for pair in graph.links if more.of in pair for end in pair}
    return next(end for end in graph.nodes if end in ends and end.kind == more.kind)


def straighten(graph: Graph, columns: dict[int, list[Item]]) -> None:
    """Every box moves towards the mean height of what it is linked to."""
    place: dict[Item, float] = {
        item: number - len(column) / 2
        for column in columns.values()
        for number, item in enumerate(column)
    }
    linked: dict[Item, list[Item]] = defaultdict(list)
    for parent, child in graph.links:
        linked[parent].append(child)
        linked[child].append(parent)
    for column in columns.values():
        column.sort(key=lambda item: mean([place[other] for other in linked[item]], place[item]))


def mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def placed(graph: Graph, layers: list[list[Item]]) -> dict[Item, Box]:
    """Columns stand in the middle of the picture's height."""
    tallest = max(len(layer) for layer in layers)
    found: dict[Item, Box] = {}
    for number, layer in enumerate(layers):
        top = MARGIN + (tallest - len(layer)) * (HEIGHT + DOWN) // 2
        for row, item in enumerate(layer):
            x, y = MARGIN + number * (WIDTH + ACROSS), top + row * (HEIGHT + DOWN)
            if isinstance(item, More):
                found[item] = Box(x, y, more=item)
            else:
                found[item] = Box(x, y, graph.nodes[item], is_start=item == graph.start)
    return found


def line(parent: Box, child: Box) -> str:
    """A curve from the right edge of one to the left edge of the other."""
    half = (child.x - parent.right) // 2
    bend = max(half, ACROSS // 2)
    return (
        f"M{parent.right} {parent.middle}C{parent.right + bend} {parent.middle} "
        f"{child.x - bend} {child.middle} {child.x} {child.middle}"
    )


def more_line(graph: Graph, boxes: dict[Item, Box], more: More) -> str:
    one, other = sorted((boxes[more], boxes[more.of]), key=lambda box: box.x)
    return line(one, other)


def in_order(graph: Graph) -> list[list[Node]]:
    """The same as columns of a list: first what everything came from."""
    depth = depths(graph)
    order = sorted(graph.nodes, key=lambda ref: depth[ref])
    cuts = [i for i, (a, b) in enumerate(pairwise(order), 1) if depth[a] != depth[b]]
    edges = [0, *cuts, len(order)]
    return [[graph.nodes[ref] for ref in order[a:b]] for a, b in pairwise(edges)]
