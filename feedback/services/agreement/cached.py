"""What takes a second to compute is kept until something new is said, undone, voided or skipped."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.core.cache import cache
from django.db.models import Count, Max

from feedback.models import Annotation, Assignment, Labeler, Project

Found = TypeVar("Found")
KEPT_SECONDS = 24 * 3600
SLOW_SECONDS, PATIENCE_SECONDS = 1.0, 60.0


@dataclass(frozen=True)
class Kept:
    """`acts` is what managers did, `work` what labelers did, when `value` was computed."""

    acts: str
    work: str
    at: float
    took: float
    value: Any

    def serves(self, acts: str, work: str, now: float) -> bool:
        """Whether it is still true, or at most a minute old and slow to compute: people who rank
        all day would else make every look at a large project slow. What a manager did always shows.
        """
        young = self.took > SLOW_SECONDS and now - self.at < PATIENCE_SECONDS
        return acts == self.acts and (work == self.work or young)


def acts_of(project: Project) -> str:
    voided = Annotation.objects.of(project).aggregate(count=Count("voided_at"), at=Max("voided_at"))
    tasks = project.tasks.aggregate(withdrawn=Count("withdrawn_at"), gold=Count("gold"))
    labelers = Labeler.objects.filter(project=project).aggregate(count=Count("pk"))
    return repr([*voided.values(), *tasks.values(), *labelers.values()])


def work_of(project: Project) -> str:
    said = Annotation.objects.of(project).aggregate(last=Max("pk"), count=Count("pk"))
    assignments = Assignment.objects.filter(task__project=project)
    ended = assignments.aggregate(count=Count("ended_at"), last=Max("ended_at"))
    tasks = project.tasks.aggregate(last=Max("pk"))
    return repr([*said.values(), *ended.values(), *tasks.values()])


def kept(project: Project, name: str, compute: Callable[[], Found]) -> Found:
    """What `compute` gave when it was last asked with the project as it is now."""
    key, acts, work = f"feedback-measures-{project.pk}-{name}", acts_of(project), work_of(project)
    known: Kept | None = cache.get(key)
    began = time.time()
    if known is not None and known.serves(acts, work, began):
        return cast("Found", known.value)
    found = compute()
    cache.set(key, Kept(acts, work, began, time.time() - began, found), KEPT_SECONDS)
    return found
