"""The leaderboard made ready for its template: headings, cells, costs, the points of its charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse

from evaluation.benchmarks import title_of
from evaluation.models import Score
from evaluation.run.averaging import AVERAGE
from evaluation.services.board import Board, Cell, Column, Row
from evaluation.services.board_filters import COSTS, Filters
from evaluation.services.board_people import People, Preferred
from evaluation.templatetags.board_numbers import score, span
from training.templatetags.sizes import as_bytes, as_count

COST_TITLES = {
    "win": "Mean win rate",
    "tokens": "Tokens",
    "seconds": "Time",
    "memory": "Memory",
    "size": "Size",
    "date": "Date",
}
NO_SAMPLES = "none"


@dataclass(frozen=True)
class Head:
    """A heading that sorts. `sorted`: "ascending", "descending" or nothing."""

    title: str
    url: str
    sorted: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Group:
    """Neighbouring columns of one task, asked in one way."""

    title: str
    how: str
    heads: Sequence[Head]


@dataclass(frozen=True)
class ShownCell:
    value: str
    between: str
    rank: int | None
    n: int
    hint: str
    url: str
    seen: str = ""


@dataclass(frozen=True)
class ShownRow:
    name: str
    url: str
    under: str
    lineage: str
    cells: Sequence[ShownCell | None]
    costs: Sequence[str]
    wins: Preferred | None = None


@dataclass(frozen=True)
class Shown:
    groups: Sequence[Group]
    name: Head
    costs: Sequence[Head]
    rows: Sequence[ShownRow]
    conventions: Sequence[Column] = field(default_factory=list)


def shown(board: Board, filters: Filters, people: People, query: QueryDict) -> Shown:
    return Shown(
        groups=groups(board, filters, query),
        name=head("Model", "name", filters, query, downwards=False),
        costs=[
            head(title, name, filters, query, downwards=name in ("win", "date"))
            for name, title in COST_TITLES.items()
        ],
        rows=[*rows(board, people), *only_people(board, filters, people)],
        conventions=board.columns,
    )


def groups(board: Board, filters: Filters, query: QueryDict) -> list[Group]:
    first = board.columns[0].key if board.columns else ""
    known = {column.key for column in board.columns}
    current = filters.sort if filters.sort in {*known, *COSTS, "name"} else first
    found = []
    for (title, how, _), columns in groupby(board.columns, lambda c: (c.title, c.how, c.version)):
        heads = [column_head(column, current, filters, query) for column in columns]
        found.append(Group(title, how, heads))
    return found


def column_head(column: Column, current: str, filters: Filters, query: QueryDict) -> Head:
    return head(
        column.label,
        column.key,
        filters,
        query,
        downwards=column.direction is not False,
        current=current,
        hint=column.signature,
    )


def head(
    title: str,
    key: str,
    filters: Filters,
    query: QueryDict,
    *,
    downwards: bool,
    current: str | None = None,
    hint: str = "",
) -> Head:
    """A second press turns the order round."""
    is_current = key == (filters.sort if current is None else current)
    there = query.copy()
    there["sort"] = key
    there.pop("up", None)
    if is_current and not filters.up:
        there["up"] = "1"
    order = "descending" if downwards != filters.up else "ascending"
    return Head(title, f"?{there.urlencode()}", order if is_current else "", hint)


def rows(board: Board, people: People) -> list[ShownRow]:
    return [row_of(row, board.columns, people.found.get(row.name)) for row in board.rows]


def row_of(row: Row, columns: Sequence[Column], wins: Preferred | None) -> ShownRow:
    model = row.model
    return ShownRow(
        name=row.name,
        url=model.get_absolute_url() if model else "",
        under=under(row),
        lineage=reverse("lineage", args=["model", model.pk]) if model else "",
        cells=[cell_of(row.cells.get(column.key)) for column in columns],
        costs=costs(row),
        wins=wins,
    )


def under(row: Row) -> str:
    """What it is, in a few words."""
    if row.model is None:
        return "outputs from a file" if row.newest.system_id else "another server's"
    size = as_count(row.parameters)
    parent = row.model.parent.name if row.model.parent else ""
    made = f"{row.method} from {parent}" if row.method and parent else row.method
    return " · ".join(part for part in (made, size) if part)


def costs(row: Row) -> list[str]:
    ended = row.newest.ended_at
    return [
        score(row.win_rate),
        f"{row.tokens:,}" if row.tokens else "",
        span(row.seconds),
        as_bytes(row.memory),
        as_bytes(row.size),
        f"{ended:%-d %b %Y}" if ended else "",
    ]


def cell_of(cell: Cell | None) -> ShownCell | None:
    if cell is None:
        return None
    one = cell.score
    return ShownCell(
        value=score(one.value),
        between="" if one.low is None else f"{score(one.low)}–{score(one.high)}",
        rank=cell.rank,
        n=one.n,
        hint=f"n {one.n:,} · {one.signature} · {one.method}",
        url=where(one),
        seen=f"{one.contaminated:.0%} seen" if one.contaminated else "",
    )


def where(score: Score) -> str:
    """Its items; of an average, which has none of its own, its run."""
    if score.measure == AVERAGE:
        return score.run.get_absolute_url()
    return samples_url(str(score.run_id), score.task)


@cache
def samples_page() -> str:
    """The address of a run's items with places for run and task; empty where there is no page."""
    try:
        address = reverse(
            "evaluation:samples", args=["00000000-0000-0000-0000-000000000000", NO_SAMPLES]
        )
    except NoReverseMatch:
        return ""
    return address


def samples_url(run: str, task: str) -> str:
    """Filled in by hand: six thousand addresses are too many to look up."""
    there = samples_page().replace("00000000-0000-0000-0000-000000000000", run)
    return there.replace(f"/{NO_SAMPLES}/", f"/{task}/") if there else ""


def only_people(board: Board, filters: Filters, people: People) -> list[ShownRow]:
    """Models that were never measured but that people compared."""
    if filters.are_set:
        return []
    measured = {row.name for row in board.unfiltered}
    empty: list[ShownCell | None] = [None] * len(board.columns)
    return [
        ShownRow(name, "", "compared by people", "", empty, [""] * len(COST_TITLES), wins)
        for name, wins in sorted(people.found.items())
        if name not in measured
    ]


def benchmark_choices(board: Board) -> Mapping[str, str]:
    """Packs and tasks that have numbers, by name with their titles."""
    names = {column.task for column in board.every}
    names |= {run.benchmark for row in board.unfiltered for run in row.runs.values()} - {""}
    titles = {name: title_of(name) or name for name in names}
    return dict(sorted(titles.items(), key=lambda each: each[1].casefold()))


def column_choices(board: Board) -> Mapping[str, list[Column]]:
    """By task and how it was asked, for the choice of columns."""
    found: dict[str, list[Column]] = {}
    for column in board.every:
        title = f"{column.title}, {column.how}" if column.how else column.title
        found.setdefault(title, []).append(column)
    return found
