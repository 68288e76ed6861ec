"""What the rankings of a task say now: pairs, ties, contradictions, and every revision behind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedback.models import Annotation, Project, RankingTask
from feedback.rules.splits import Placed
from feedback.rules.votes import Votes, consensus
from feedback.services.snapshots import Recipe
from feedback.services.snapshots.gathering import Judged, judged_among
from feedback.services.snapshots.rows import PEOPLE, pair_rows, votes_of
from feedback.services.snapshots.standing import PAST, history
from feedback.task_page import Said, letter, said

AT_FIRST = 3
NOT_PLACED = "not worked out yet"


@dataclass(frozen=True)
class ShownPair:
    """Two answers with how many preferred the first, the second, and neither."""

    first: str
    second: str
    votes: Mapping[str, int]
    letters: str = ""
    weight: float | None = None
    by_whom: str = PEOPLE


@dataclass(frozen=True)
class Revision:
    """`reason`: why it gives nothing; empty where it counts."""

    said: Said
    reason: str

    @property
    def annotation(self) -> Annotation:
        return self.said.annotation


@dataclass(frozen=True)
class TaskPairs:
    """`split` is empty where `dropped` says why the prompt stands in none."""

    task: RankingTask
    split: str = ""
    dropped: str = ""
    pairs: Sequence[ShownPair] = ()
    ties: Sequence[ShownPair] = ()
    contradictions: Sequence[ShownPair] = ()
    revisions: Sequence[Revision] = field(default_factory=list)

    @property
    def prompt(self) -> str:
        return str(self.task.messages[-1]["content"]) if self.task.messages else ""

    @property
    def earlier(self) -> int:
        """Messages before the last one."""
        return max(len(self.task.messages) - 1, 0)

    @property
    def gives_nothing(self) -> bool:
        return not (self.pairs or self.ties or self.contradictions)

    @property
    def silent(self) -> list[Revision]:
        """Current rankings that give nothing; those of the past are told of beside it."""
        return [one for one in self.revisions if one.reason and one.reason not in PAST]

    @property
    def at_first(self) -> Sequence[ShownPair]:
        return self.pairs[:AT_FIRST]

    @property
    def rest(self) -> Sequence[ShownPair]:
        return self.pairs[AT_FIRST:]


def shown_tasks(
    project: Project, keys: Sequence[int], recipe: Recipe, placed: Placed
) -> list[TaskPairs]:
    """These tasks in order of their ids, with every revision that was ever made."""
    tasks = project.tasks.filter(pk__in=keys)
    judged = {found.task.pk: found for found in judged_among(tasks, recipe)}
    revisions = revisions_of(tasks)
    return [
        shown(task, judged.get(task.pk), revisions[task.pk], recipe, placed)
        for task in tasks.order_by("pk")
    ]


def revisions_of(tasks: Any) -> dict[int, list[Annotation]]:
    found: dict[int, list[Annotation]] = defaultdict(list)
    every = Annotation.objects.filter(task__in=tasks).order_by("-pk")
    people = every.select_related("labeler__user", "candidate_set", "edit__parent", "voided_by")
    for annotation in people:
        found[annotation.task_id].append(annotation)
    return found


def shown(
    task: RankingTask,
    judged: Judged | None,
    revisions: Sequence[Annotation],
    recipe: Recipe,
    placed: Placed,
) -> TaskPairs:
    reasons = history(revisions) | (judged.left_out if judged else {})
    letters = letters_of(task, revisions)
    told = [Revision(said(a, letters, not reasons[a.pk]), reasons[a.pk]) for a in revisions]
    dropped = placed.dropped.get(task.group_key, "")
    split = "" if dropped else placed.splits.get(task.group_key, NOT_PLACED)
    found = said_by(judged, recipe) if judged and judged.annotations else {}
    return TaskPairs(task, split, dropped, revisions=told, **found)


def letters_of(task: RankingTask, revisions: Iterable[Annotation]) -> dict[int, str]:
    """A letter for each candidate, those of the newest set first."""
    sets = sorted({a.candidate_set for a in revisions}, key=lambda s: -s.version)
    order = dict.fromkeys(pk for one in sets for pk in one.candidates)
    return {pk: letter(place) for place, pk in enumerate(order)}


def said_by(judged: Judged, recipe: Recipe) -> dict[str, list[ShownPair]]:
    """Pairs as they would be frozen, and what gives no pair: ties and contradictions."""
    votes = votes_of(judged)
    agreed = consensus(votes, margin=recipe.margin)
    rows = pair_rows(judged, votes, recipe.margin, Counter())
    return {
        "pairs": [pair(row, judged) for row in rows],
        "ties": [between(judged, votes, key) for key in agreed.ties],
        "contradictions": [between(judged, votes, key) for key in agreed.contradictions],
    }


def pair(row: Mapping[str, Any], judged: Judged) -> ShownPair:
    names = [name_of(text, judged.texts) for text in (row["chosen"], row["rejected"])]
    return ShownPair(
        row["chosen"],
        row["rejected"],
        row["votes"],
        " > ".join(names),
        row["weight"],
        judged.by_whom,
    )


def name_of(text: str, answers: Sequence[str]) -> str:
    return letter(answers.index(text)) if text in answers else "edit"


def between(
    judged: Judged, votes: Mapping[tuple[int, int], Votes], key: tuple[int, int]
) -> ShownPair:
    vote, (i, j) = votes[key], key
    counted = {"for": vote.wins, "against": vote.losses, "ties": vote.ties}
    return ShownPair(judged.texts[i], judged.texts[j], counted, f"{letter(i)}, {letter(j)}")
