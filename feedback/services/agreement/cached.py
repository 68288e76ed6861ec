"""What takes a second to compute is kept until something new is said, undone, voided or skipped."""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, Max

from feedback.models import Annotation, Assignment, Labeler, Project

Found = TypeVar("Found")
KEPT_SECONDS = 24 * 3600


def fingerprint(project: Project) -> str:
    """Another one whenever a measure of the project could be another."""
    said = Annotation.objects.of(project).aggregate(
        last=Max("pk"), count=Count("pk"), voided=Count("voided_at"), when=Max("voided_at")
    )
    ended = Assignment.objects.filter(task__project=project).aggregate(
        count=Count("ended_at"), last=Max("ended_at")
    )
    tasks = project.tasks.aggregate(
        withdrawn=Count("withdrawn_at"), gold=Count("gold"), last=Max("pk")
    )
    labelers = Labeler.objects.filter(project=project).aggregate(count=Count("pk"))
    return repr([*said.values(), *ended.values(), *tasks.values(), *labelers.values()])


def kept(project: Project, name: str, compute: Callable[[], Found]) -> Found:
    """What `compute` gave when it was last asked with the project as it is now."""
    key, state = f"feedback-measures-{project.pk}-{name}", fingerprint(project)
    known: tuple[str, Found] | None = cache.get(key)
    if known is not None and known[0] == state:
        return known[1]
    found = compute()
    cache.set(key, (state, found), KEPT_SECONDS)
    return found
