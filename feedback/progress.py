"""How far the ranking of projects is, counted by the database in one query each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Labeler, Project, RankingTask
from feedback.models.task import RankingTaskQuerySet
from feedback.services import labeling

WEEK = timedelta(days=7)
NOBODY_YET = 0  # no labeler has this key, so nothing is theirs
State = Assignment.State


@dataclass(frozen=True)
class Progress:
    """Tasks that are asked for: ranked by as many people as wanted, by fewer, by nobody yet.

    Gold tasks go to everybody and are counted apart.
    """

    ranked: int = 0
    begun: int = 0
    untouched: int = 0
    gold: int = 0

    @property
    def total(self) -> int:
        return self.ranked + self.begun + self.untouched

    @property
    def percent(self) -> int:
        return 100 * self.ranked // self.total if self.total else 0

    @property
    def left(self) -> int:
        return self.begun + self.untouched


def _count(assignments: Any) -> Any:
    of_task = assignments.filter(task=OuterRef("pk")).order_by().values("task")
    counted = of_task.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def with_standing(tasks: RankingTaskQuerySet) -> Any:
    """Tasks with `submitted` and `held` counts and a `standing`: ranked, begun or untouched."""
    submitted = Assignment.objects.filter(state=State.SUBMITTED, repeat=False)
    counted = tasks.annotate(submitted=_count(submitted), held=_count(Assignment.objects.holding()))
    return counted.annotate(
        standing=Case(
            When(submitted__gte=F("overlap"), then=Value("ranked")),
            When(held__gt=0, then=Value("begun")),
            default=Value("untouched"),
        )
    )


def progress_of(projects: Iterable[Project]) -> dict[int, Progress]:
    """Every project's progress, by its key."""
    keys = [project.pk for project in projects]
    tasks = with_standing(RankingTask.objects.filter(project__in=keys).open())
    rows = tasks.annotate(is_gold=Case(When(gold__isnull=True, then=Value(0)), default=Value(1)))
    counted = rows.order_by().values_list("project", "is_gold", "standing")
    found: dict[int, dict[str, int]] = {key: {} for key in keys}
    for project, is_gold, standing, n in counted.annotate(n=Count("pk")):
        name = "gold" if is_gold else standing
        found[project][name] = found[project].get(name, 0) + n
    return {key: Progress(**counts) for key, counts in found.items()}


def left_for(user: User, project: Project) -> int:
    """What the ranking page says is left for this person; it never tells a gold task by it."""
    labeler = Labeler.objects.filter(project=project, user=user).first()
    return labeling.left_for(project, labeler or Labeler(pk=NOBODY_YET, project=project))


def sources_of(project: Project) -> list[tuple[str, int]]:
    """Where the tasks come from, in words, most first."""
    words = dict(RankingTask.Source.choices)
    counted = project.tasks.open().order_by().values_list("source")
    found = [(words.get(source, source), n) for source, n in counted.annotate(n=Count("pk"))]
    return sorted(found, key=lambda row: -row[1])


def ranked_this_week(project: Project) -> list[tuple[Labeler, int]]:
    """People with the tasks each has ranked in the last seven days, most first."""
    since = timezone.now() - WEEK
    recent = Annotation.objects.of(project).current().filter(created_at__gte=since)
    people = recent.filter(labeler__kind=Labeler.Kind.HUMAN).order_by()
    counted = dict(people.values_list("labeler").annotate(n=Count("pk")))
    labelers = Labeler.objects.filter(pk__in=counted).select_related("user")
    return sorted(((one, counted[one.pk]) for one in labelers), key=lambda row: -row[1])


def may_rank(project: Project) -> int:
    """How many people may rank in the project now."""
    able = Q(groups__name="labeler") | Q(is_superuser=True)
    people = User.objects.filter(able, is_active=True).distinct()
    if not project.open_to_all:
        people = people.filter(Q(ranks_in_projects=project) | Q(pk=project.owner_id)).distinct()
    return people.count()
