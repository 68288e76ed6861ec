"""What was said in a project, in numbers: read once, measured many times."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from feedback.measures.judgements import Judgements, Key, table
from feedback.measures.position import Bias, position_bias
from feedback.models import Annotation, Labeler, Project
from feedback.rules.pairs import Ranking, derive
from feedback.rules.votes import outcomes

FIELDS = (
    "pk",
    "task_id",
    "labeler_id",
    "candidate_set_id",
    "all_bad",
    "created_at",
    "active_ms",
    "assignment__chosen_uniformly",
)
JSON = {
    "tiers": "tiers",
    "unranked": "unranked",
    "unacceptable": "unacceptable",
    "ratings": "ratings",
    "gold": "task__gold",
    "permutation": "assignment__permutation",
}


@dataclass(frozen=True)
class Said:
    """One annotation. `outcomes` are 1, 0 or -1 by pair of places i < j in the candidate set."""

    annotation: int
    task: int
    labeler: int
    candidate_set: int
    ranking: Ranking
    ratings: dict[str, dict[str, int]]
    at: datetime
    active_ms: int | None
    gold: dict[str, Any] | None
    permutation: list[int] | None
    uniform: bool
    outcomes: Mapping[Key, int] = field(repr=False)


@dataclass(frozen=True)
class Voices:
    """Everything said in a project that counts, gold tasks apart, and who said it."""

    said: list[Said]
    gold: list[Said]
    labelers: dict[int, Labeler]

    def where(self, test: Callable[[Said], bool]) -> "Voices":
        return Voices(
            [one for one in self.said if test(one)],
            [one for one in self.gold if test(one)],
            self.labelers,
        )

    def of_kinds(self, kinds: Sequence[str]) -> "Voices":
        return self.where(lambda one: self.labelers[one.labeler].kind in kinds)


def voices(project: Project) -> Voices:
    current = Annotation.objects.of(project).current()
    judged = current.exclude(source=Annotation.Source.ADJUDICATION)
    found = said_by(judged.filter(task__withdrawn_at=None))
    labelers = Labeler.objects.filter(project=project).select_related("user").in_bulk()
    said = [one for one in found if one.gold is None]
    return Voices(said, [one for one in found if one.gold is not None], labelers)


def said_by(annotations: "QuerySet[Annotation]") -> list[Said]:
    """JSON is read as text, because most of it was parsed before: few rankings of a handful of
    answers differ.
    """
    texts = {f"{name}_text": Cast(path, TextField()) for name, path in JSON.items()}
    rows = annotations.annotate(**texts).values_list(*FIELDS, *texts)
    return [in_numbers(*row) for row in rows.iterator(chunk_size=2000)]


def in_numbers(
    pk: int,
    task: int,
    labeler: int,
    candidate_set: int,
    all_bad: bool,
    at: datetime,
    active_ms: int | None,
    uniform: bool | None,
    *texts: str | None,
) -> Said:
    tiers, unranked, unacceptable, ratings, gold, permutation = texts
    ranking = ranking_of(tiers or "[]", unranked or "[]", unacceptable or "[]", all_bad)
    return Said(
        annotation=pk,
        task=task,
        labeler=labeler,
        candidate_set=candidate_set,
        ranking=ranking,
        ratings=parsed(ratings) or {},
        at=at,
        active_ms=active_ms,
        gold=parsed(gold),
        permutation=parsed(permutation),
        uniform=uniform is not False,
        outcomes=outcomes_of(ranking),
    )


@lru_cache(maxsize=10_000)
def ranking_of(tiers: str, unranked: str, unacceptable: str, all_bad: bool) -> Ranking:
    """Tiers and what is unranked are the whole set (rule 1), so they give its size."""
    placed, rest = json.loads(tiers), json.loads(unranked)
    return Ranking(
        size=sum(map(len, placed)) + len(rest),
        tiers=tuple(map(tuple, placed)),
        unranked=tuple(rest),
        unacceptable=frozenset(json.loads(unacceptable)),
        all_bad=all_bad,
    )


@lru_cache(maxsize=10_000)
def parsed(text: str | None) -> Any:
    """Shared by all who said the same: never to be changed."""
    return None if text is None else json.loads(text)


@lru_cache(maxsize=10_000)
def outcomes_of(ranking: Ranking) -> Mapping[Key, int]:
    return outcomes(derive(ranking))


def judged(said: Iterable[Said], people: Sequence[int]) -> Judgements:
    """The table of what was said, people numbered as in `people`, tasks as they come.

    People who ranked another version of a task's candidates judged another unit.
    """
    rows = list(said)
    sets = {pk: place for place, pk in enumerate(sorted({one.candidate_set for one in rows}))}
    columns = {pk: place for place, pk in enumerate(people)}
    told = ((sets[one.candidate_set], columns[one.labeler], one.outcomes) for one in rows)
    return table(told, len(sets), len(people))


def people_of(said: Iterable[Said]) -> list[int]:
    return sorted({one.labeler for one in said})


def first_shown_wins(said: Iterable[Said]) -> Bias:
    """Position bias over the rankings whose shown order is known; imported ones have none."""
    return position_bias((one.permutation, wins(one)) for one in said if one.permutation)


def wins(one: Said) -> list[Key]:
    """(better, worse) of every pair that it decides."""
    return [(i, j) if value > 0 else (j, i) for (i, j), value in one.outcomes.items() if value]
