"""Taking rankings out of everything that is computed, with a reason, and putting them back.

A voided annotation stays in the history and gives no pair, no measure and no dataset row any more.
Its slot of the overlap is free again, for somebody else. Datasets that are frozen already never
change; they name their annotations, so it can be said how many were voided since.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Labeler, Project
from feedback.services.errors import FeedbackError

State = Assignment.State
AT_ONCE = 500


def parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """A query takes only so many parameters."""
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


@dataclass(frozen=True)
class Restored:
    """`kept` stay voided because others have filled their tasks meanwhile."""

    count: int
    kept: int


def standing(project: Project) -> "QuerySet[Annotation]":
    """What can be voided: what counts now, and repeats."""
    return Annotation.objects.of(project).newest()


def of_labeler(
    labeler: Labeler, *, since: datetime | None = None, until: datetime | None = None
) -> "QuerySet[Annotation]":
    """What a person said that counts now, in a span of time (`until` excluded)."""
    found = standing(labeler.project).filter(labeler=labeler)
    found = found.filter(created_at__gte=since) if since else found
    return found.filter(created_at__lt=until) if until else found


@transaction.atomic
def void(*, annotations: "QuerySet[Annotation]", by: User, reason: str) -> int:
    """How many. All of one call share their time, by which they are put back together."""
    if not (reason := reason.strip()[:300]):
        raise FeedbackError("Say why, so that others understand it later.")
    keys = list(annotations.values_list("pk", flat=True))
    if not keys:
        raise FeedbackError("There is nothing to void here.")
    now = timezone.now()
    for some in parts(keys):
        found = Annotation.objects.filter(pk__in=some, voided_at=None)
        found.update(voided_at=now, voided_by=by, void_reason=reason)
        free_slots(some, now)
    return len(keys)


def free_slots(keys: Sequence[int], now: datetime) -> None:
    held = Assignment.objects.filter(annotations__in=keys, state=State.SUBMITTED)
    Assignment.objects.filter(pk__in=held.values("pk")).update(state=State.VOIDED, ended_at=now)


def voidings(labeler: Labeler) -> list[dict[str, Any]]:
    """What was voided of a person's, by act: when, by whom, why and how many; newest first."""
    acts = labeler.annotations.exclude(voided_at=None).order_by()
    told = acts.values("voided_at", "void_reason", name=F("voided_by__username"))
    return [dict(act) for act in told.annotate(count=Count("pk")).order_by("-voided_at")]


@transaction.atomic
def restore(*, annotations: "QuerySet[Annotation]") -> Restored:
    """Let voided annotations count again where their task has a place for them."""
    found = list(annotations.exclude(voided_at=None).select_related("assignment__task"))
    if not found:
        raise FeedbackError("There is nothing to restore here.")
    back = [annotation.pk for annotation in found if placed(annotation)]
    for some in parts(back):
        Annotation.objects.filter(pk__in=some).update(
            voided_at=None, voided_by=None, void_reason=""
        )
    return Restored(len(back), len(found) - len(back))


def placed(annotation: Annotation) -> bool:
    """Whether it has a slot of the overlap, its own or another; what was imported needs none."""
    assignment = annotation.assignment
    if assignment is None or assignment.state != State.VOIDED:
        return True
    return any(taken(assignment, slot) for slot in free(assignment))


def free(assignment: Assignment) -> Iterator[int | None]:
    """Free slots of the task, the one it had first; gold tasks and repeats had none."""
    if assignment.slot is None:
        yield None
        return
    held = set(assignment.task.assignments.holding().values_list("slot", flat=True))
    slots = set(range(assignment.task.overlap)) - held
    yield from sorted(slots, key=lambda slot: (slot != assignment.slot, slot))


def taken(assignment: Assignment, slot: int | None) -> bool:
    voided = Assignment.objects.filter(pk=assignment.pk, state=State.VOIDED)
    try:
        with transaction.atomic():
            return bool(voided.update(state=State.SUBMITTED, slot=slot))
    except IntegrityError:
        return False


def voided_since(source: Mapping[str, Any]) -> int:
    """How many annotations of a frozen version (its `source`) have been voided since."""
    voided = Annotation.objects.filter(task__project=source.get("project")).exclude(voided_at=None)
    return len(set(voided.values_list("pk", flat=True)) & set(source.get("annotations", [])))
