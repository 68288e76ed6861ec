"""Which task a person gets next.

What is left for a person is an urn: their ordinary tasks, and among them as many gold tasks and
repeats as the project's shares say. The next one is drawn from it blindly, so the shares are kept
exactly over a whole project, nobody can tell a gold task by when it comes, and the number that is
left falls by one with every task of any kind.

Ordinary tasks come by priority. Among equals, tasks that others have begun come first, or no
overlap would ever be filled, and then chance or doubt decides. A begun task is drawn by chance
among the begun ones and counts as chosen the way its first holder got it: so what was begun at
random stays, all its rankings together, a random sample of the project.
"""

import random
from dataclasses import dataclass

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.expressions import OrderBy
from django.db.models.functions import Random

from feedback.models import Assignment, Candidate, Labeler, Project, RankingTask
from feedback.services.labeling.claims import State, beside, claim

TRIES = 20
AHEAD = 10
BETWEEN = 10  # other tasks between a task and its repeat


@dataclass(frozen=True)
class Urn:
    """How many tasks of each kind are still to come for one person.

    `gold` and `repeats` are what the shares ask for; `gold_there` is how many gold tasks exist
    that they have not had.
    """

    ordinary: int
    gold: int
    gold_there: int
    repeats: int

    @property
    def left(self) -> int:
        return self.ordinary + min(self.gold, self.gold_there) + self.repeats

    def draw(self) -> str:
        weights = (self.ordinary, self.gold if self.gold_there else 0, self.repeats)
        kinds = ("ordinary", "gold", "repeat")
        return random.choices(kinds, weights)[0] if any(weights) else "none"


def urn_of(project: Project, labeler: Labeler) -> Urn:
    done = labeler.assignments.exclude(state=State.EXPIRED)
    had = done.aggregate(
        ordinary=Count("pk", filter=Q(slot__isnull=False)),
        gold=Count("pk", filter=Q(slot=None, repeat=False)),
        repeats=Count("pk", filter=Q(repeat=True)),
    )
    ordinary, there = open_tasks(project, labeler).count(), gold_tasks(project, labeler).count()
    every = ordinary + had["ordinary"]
    gold, repeats = shares(project, every) if every else (there + had["gold"], 0)
    return Urn(
        ordinary=ordinary,
        gold=max(gold - had["gold"], 0),
        gold_there=there,
        repeats=max(repeats - had["repeats"], 0),
    )


def shares(project: Project, ordinary: int) -> tuple[int, int]:
    """Gold tasks and repeats beside so many ordinary tasks, for their shares of all of them."""
    each = ordinary / max(1 - project.gold_share - project.repeat_share, 0.05)
    return round(each * project.gold_share), round(each * project.repeat_share)


def drawn_from(urn: Urn, project: Project, labeler: Labeler) -> Assignment | None:
    kind = urn.draw()
    if kind == "gold":
        return gold(project, labeler) or ordinary(project, labeler)
    if kind == "repeat":
        return repeat(labeler) or ordinary(project, labeler)
    return ordinary(project, labeler)


def gold(project: Project, labeler: Labeler) -> Assignment | None:
    task = gold_tasks(project, labeler).order_by("?").first()
    return None if task is None else beside(task=task, labeler=labeler, repeat=False)


def repeat(labeler: Labeler) -> Assignment | None:
    task = repeatable(labeler).order_by("?").first()
    return None if task is None else beside(task=task, labeler=labeler, repeat=True)


def ordinary(project: Project, labeler: Labeler) -> Assignment | None:
    for _ in range(TRIES):
        found, uniform = ahead(project, labeler)
        if not found:
            return None
        for task in found:
            if (claimed := claim(task=task, labeler=labeler, uniform=uniform)) is not None:
                return claimed
    return None


def ahead(project: Project, labeler: Labeler) -> tuple[list[RankingTask], bool]:
    """The next few tasks, and whether chance alone put them in this order."""
    tasks = open_tasks(project, labeler)
    by_doubt = (
        project.order == Project.Order.DOUBT
        and random.random() >= project.uniform_share
        and tasks.exclude(doubt=None).exists()
    )
    doubt = [doubt_of_new_ones()] if by_doubt else []
    order = [F("priority").desc(), F("taken").desc(), *doubt, Random()]
    return list(tasks.order_by(*order)[:AHEAD]), not by_doubt


def doubt_of_new_ones() -> OrderBy:
    """Tasks that others have begun come in random order, whatever the doubt about them."""
    return Case(When(taken=0, then=F("doubt")), default=Value(0.0)).desc(nulls_last=True)


def open_tasks(project: Project, labeler: Labeler) -> "QuerySet[RankingTask]":
    """Tasks with a free slot that the labeler has not had and did not write a candidate of."""
    holding = Q(assignments__state__in=Assignment.HOLDING, assignments__slot__isnull=False)
    taken = Count("assignments", filter=holding)
    free = new_to(labeler, project.tasks.open().filter(gold__isnull=True)).annotate(taken=taken)
    return free.filter(taken__lt=F("overlap"))


def gold_tasks(project: Project, labeler: Labeler) -> "QuerySet[RankingTask]":
    """Gold tasks that the labeler has not had; everybody gets them, whatever the overlap."""
    return new_to(labeler, project.tasks.open().exclude(gold__isnull=True))


def new_to(labeler: Labeler, tasks: "QuerySet[RankingTask]") -> "QuerySet[RankingTask]":
    had = Assignment.objects.filter(labeler=labeler).exclude(state=State.EXPIRED).values("task")
    wrote = Candidate.objects.filter(author=labeler).values("task")
    return tasks.exclude(pk__in=had).exclude(pk__in=wrote)


def repeatable(labeler: Labeler) -> "QuerySet[RankingTask]":
    """Tasks that they ranked some time ago and have not had again; gold tasks are not repeated."""
    ranked = labeler.assignments.filter(state=State.SUBMITTED).order_by("-ended_at", "-pk")
    recent = list(ranked.values_list("task", flat=True)[:BETWEEN])
    again = Assignment.objects.filter(labeler=labeler, repeat=True).values("task")
    first = ranked.filter(slot__isnull=False).order_by().values("task")
    old = RankingTask.objects.open().filter(pk__in=first)
    return old.exclude(pk__in=recent).exclude(pk__in=again)
