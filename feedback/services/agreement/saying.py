"""What was said in a project, in numbers: read once, measured many times."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from feedback.measures.judgements import Judgements, Key, table
from feedback.measures.position import Bias, position_bias
from feedback.models import Annotation, CandidateSet, Labeler, Project
from feedback.rules.pairs import Ranking, derive
from feedback.rules.votes import outcomes

FIELDS = (
    "pk",
    "task_id",
    "labeler_id",
    "candidate_set_id",
    "tiers",
    "unranked",
    "unacceptable",
    "all_bad",
    "ratings",
    "created_at",
    "active_ms",
    "source",
    "task__gold",
    "assignment__permutation",
    "assignment__chosen_uniformly",
)


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
    rows = [dict(zip(FIELDS, row, strict=True)) for row in annotations.values_list(*FIELDS)]
    sets = CandidateSet.objects.filter(pk__in=annotations.values("candidate_set_id"))
    sizes = {pk: len(candidates) for pk, candidates in sets.values_list("pk", "candidates")}
    return [in_numbers(row, sizes[row["candidate_set_id"]]) for row in rows]


def in_numbers(row: dict[str, Any], size: int) -> Said:
    ranking = Ranking(
        size=size,
        tiers=tuple(map(tuple, row["tiers"])),
        unranked=tuple(row["unranked"]),
        unacceptable=frozenset(row["unacceptable"]),
        all_bad=row["all_bad"],
    )
    return Said(
        annotation=row["pk"],
        task=row["task_id"],
        labeler=row["labeler_id"],
        candidate_set=row["candidate_set_id"],
        ranking=ranking,
        ratings=row["ratings"],
        at=row["created_at"],
        active_ms=row["active_ms"],
        gold=row["task__gold"],
        permutation=row["assignment__permutation"],
        uniform=row["assignment__chosen_uniformly"] is not False,
        outcomes=outcomes_of(ranking),
    )


@lru_cache(maxsize=10_000)
def outcomes_of(ranking: Ranking) -> Mapping[Key, int]:
    """Few rankings of a handful of answers differ, so most are known already."""
    return MappingProxyType(outcomes(derive(ranking)))


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
