"""Finding tasks on the pairs page among ten thousand, deriving only what is looked at.

Words, source and labeler are asked of the database, splits are a pass over keys. What only deriving
tells (contradictions, ties, nothing given) is looked for task after task until a page is full.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from feedback.models import Annotation, Project
from feedback.pairs.shown import TaskPairs, shown_tasks
from feedback.rules.splits import SPLITS, Placed
from feedback.rules.votes import consensus
from feedback.services.snapshots import Recipe
from feedback.services.snapshots.gathering import Judged, annotated, judged_among
from feedback.services.snapshots.rows import votes_of
from feedback.task_search import known, with_words
from llmkit.numbers import whole_number

PER_PAGE = 10
AT_ONCE = 100
LOOKED_AT = 2000
NONE = "none"

SHOWS = {
    "pairs": "Tasks with pairs",
    "contradictions": "Contradictions",
    "ties": "Ties",
    "nothing": "Rankings that give nothing",
}


@dataclass(frozen=True)
class Wanted:
    """What the address asks for. `after` and `before` are task ids that a page begins behind or
    ends before."""

    q: str = ""
    shows: str = ""
    split: str = ""
    source: str = ""
    labeler: str = ""
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, data: QueryDict) -> "Wanted":
        return cls(
            q=data.get("q", "").strip()[:200],
            shows=known(data.get("shows", ""), SHOWS),
            split=known(data.get("split", ""), (*SPLITS, NONE)),
            source=known(data.get("source", ""), Annotation.Source.values),
            labeler=str(whole_number(data.get("labeler", "")) or ""),
            after=whole_number(data.get("after", "")),
            before=whole_number(data.get("before", "")),
        )

    @property
    def narrows(self) -> bool:
        return bool(self.query)

    @property
    def query(self) -> str:
        """For the addresses of other pages of the same list."""
        given = QueryDict(mutable=True)
        names = ("q", "shows", "split", "source", "labeler")
        given.update({name: found for name in names if (found := getattr(self, name))})
        return given.urlencode()


@dataclass(frozen=True)
class Window:
    """A page of tasks. `count` is how many fit the part of the question that the database answers;
    `earlier` and `later` are the addresses' task ids, None at an end. `stopped_at`: looking ended
    there, because few tasks fit."""

    tasks: list[TaskPairs]
    count: int
    earlier: int | None = None
    later: int | None = None
    stopped_at: int | None = None


def window(project: Project, wanted: Wanted, recipe: Recipe, placed: Placed) -> Window:
    keys = keys_of(project, wanted, placed)
    find = backward if wanted.before is not None else forward
    found = find(project, keys, wanted, recipe)
    tasks = shown_tasks(project, found.keys, recipe, placed)
    return Window(tasks, len(keys), found.earlier, found.later, found.stopped_at)


@dataclass(frozen=True)
class Found:
    keys: Sequence[int]
    earlier: int | None
    later: int | None
    stopped_at: int | None


def forward(project: Project, keys: list[int], wanted: Wanted, recipe: Recipe) -> Found:
    start = bisect_right(keys, wanted.after) if wanted.after is not None else 0
    found, stopped = looked(project, keys[start:], wanted, recipe)
    shown = found[:PER_PAGE]
    later = stopped or (shown[-1] if len(found) > PER_PAGE else None)
    earlier = (shown[0] if shown else wanted.after) if start else None
    return Found(shown, earlier, later, stopped)


def backward(project: Project, keys: list[int], wanted: Wanted, recipe: Recipe) -> Found:
    before = wanted.before or 0
    found, stopped = looked(project, keys[: bisect_left(keys, before)][::-1], wanted, recipe)
    shown = found[:PER_PAGE][::-1]
    earlier = stopped or (shown[0] if len(found) > PER_PAGE else None)
    return Found(shown, earlier, shown[-1] if shown else before - 1, stopped)


def keys_of(project: Project, wanted: Wanted, placed: Placed) -> list[int]:
    """Ids of the tasks that somebody has said something about, in order."""
    tasks = annotated(project)
    if wanted.q:
        tasks = tasks.filter(with_words(wanted.q))
    said: dict[str, Any] = {"source": wanted.source, "labeler": wanted.labeler}
    given = {name: value for name, value in said.items() if value}
    if given:
        tasks = tasks.filter(pk__in=Annotation.objects.of(project).filter(**given).values("task"))
    found = tasks.order_by("pk").values_list("pk", "group_key")
    if not wanted.split:
        return [pk for pk, _ in found]
    return [pk for pk, group in found if placed.splits.get(group, NONE) == wanted.split]


def looked(
    project: Project, keys: Sequence[int], wanted: Wanted, recipe: Recipe
) -> tuple[list[int], int | None]:
    """The ids that fit, one more than a page holds, and where looking was given up."""
    if not wanted.shows:
        return list(keys[: PER_PAGE + 1]), None
    found: list[int] = []
    for start in range(0, min(len(keys), LOOKED_AT), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        fits = fitting(project, some, recipe, FITS[wanted.shows], wanted.shows == "nothing")
        found += [pk for pk in some if pk in fits]
        if len(found) > PER_PAGE:
            return found[: PER_PAGE + 1], None
    return found, keys[LOOKED_AT - 1] if len(keys) > LOOKED_AT else None


def fitting(
    project: Project,
    keys: Sequence[int],
    recipe: Recipe,
    fits: Callable[[Judged, Recipe], bool],
    also_unjudged: bool,
) -> set[int]:
    judged = judged_among(project.tasks.filter(pk__in=keys), recipe)
    unjudged = set(keys) - {one.task.pk for one in judged} if also_unjudged else set()
    return {one.task.pk for one in judged if fits(one, recipe)} | unjudged


def agreed(judged: Judged, recipe: Recipe) -> Any:
    return consensus(votes_of(judged), margin=recipe.margin)


def gives_pairs(judged: Judged, recipe: Recipe) -> bool:
    edited = any(a.edit is not None and a.edit_is_better for a in judged.annotations)
    return edited or bool(agreed(judged, recipe).pairs)


FITS: dict[str, Callable[[Judged, Recipe], bool]] = {
    "pairs": gives_pairs,
    "contradictions": lambda judged, recipe: bool(agreed(judged, recipe).contradictions),
    "ties": lambda judged, recipe: bool(agreed(judged, recipe).ties),
    "nothing": lambda judged, recipe: bool(judged.left_out),
}
