"""The tasks that people differ about most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db.models import QuerySet

from feedback.models import Annotation, Candidate, Labeler, Project, RankingTask
from feedback.services.agreement.cached import kept
from feedback.services.agreement.saying import Said, voices

Distance = Callable[[Said, Said], float | None]


@dataclass(frozen=True)
class Scored:
    """How far apart people are on a task, from 0 (as one) to 1 (the reverse of each other)."""

    task: int
    score: float
    people: int


@dataclass(frozen=True)
class Disagreement:
    """A task with its answers and what everybody said about them."""

    scored: Scored
    task: RankingTask
    answers: list[Candidate]
    annotations: list[Annotation]
    decided: bool


def in_pairs(one: Said, other: Said) -> float | None:
    """The mean over pairs of answers that both judged: 1 reversed, one half where one tied them."""
    both = one.outcomes.keys() & other.outcomes.keys()
    if not both:
        return None
    return sum(abs(one.outcomes[key] - other.outcomes[key]) for key in both) / 2 / len(both)


def in_the_best(one: Said, other: Said) -> float | None:
    """Whether no answer is among the best of both."""
    if one.ranking.all_bad or other.ranking.all_bad:
        return None
    if not one.ranking.tiers or not other.ranking.tiers:
        return None
    return float(not set(one.ranking.tiers[0]) & set(other.ranking.tiers[0]))


def in_the_line(one: Said, other: Said) -> float | None:
    """The share of answers that one finds acceptable and the other not."""
    return len(one.ranking.unacceptable ^ other.ranking.unacceptable) / one.ranking.size


DISTANCES: dict[str, Distance] = {
    "pairs": in_pairs,
    "best": in_the_best,
    "line": in_the_line,
}


def most_disputed(
    project: Project, *, by: str = "pairs", person: int | None = None
) -> list[Scored]:
    """Tasks that people differ about, the most disputed first; with `person`, from the others."""
    name = f"disputed-{by}-{person}"
    return kept(project, name, lambda: scored(project, DISTANCES[by], person))


def scored(project: Project, distance: Distance, person: int | None) -> list[Scored]:
    groups: dict[int, list[Said]] = {}
    for one in voices(project).of_kinds(Labeler.PEOPLE).said:
        groups.setdefault(one.candidate_set, []).append(one)
    found = [score_of(group, distance, person) for group in groups.values() if len(group) > 1]
    disputed = [one for one in found if one is not None and one.score > 0]
    return sorted(disputed, key=lambda one: (-one.score, -one.people, one.task))


def score_of(group: Sequence[Said], distance: Distance, person: int | None) -> Scored | None:
    apart = [
        distance(one, other)
        for one, other in combinations(group, 2)
        if person in (None, one.labeler, other.labeler)
    ]
    known = [value for value in apart if value is not None]
    if not known:
        return None
    return Scored(group[0].task, sum(known) / len(known), len(group))


def decided_tasks(project: Project) -> set[int]:
    adjudicated = Annotation.objects.of(project).current().adjudications()
    return set(adjudicated.values_list("task_id", flat=True))


def filled(found: Sequence[Scored], decided: set[int]) -> list[Disagreement]:
    """A page of them with everything to show."""
    keys = [one.task for one in found]
    tasks = RankingTask.objects.in_bulk(keys)
    answers = {a.pk: a for a in Candidate.objects.filter(task__in=keys)}
    said: dict[int, list[Annotation]] = {key: [] for key in keys}
    for annotation in people_on(keys):
        said[annotation.task_id].append(annotation)
    return [
        Disagreement(
            one,
            tasks[one.task],
            [answers[pk] for pk in tasks[one.task].current_set.candidates],
            said[one.task],
            one.task in decided,
        )
        for one in found
    ]


def people_on(tasks: Sequence[int]) -> "QuerySet[Annotation]":
    """What people say now about tasks, by name."""
    found = Annotation.objects.filter(task__in=tasks, labeler__kind__in=Labeler.PEOPLE).current()
    return found.select_related("labeler__user", "candidate_set").order_by("labeler__name")
