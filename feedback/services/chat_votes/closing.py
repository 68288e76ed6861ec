"""Taking votes back, and what becomes of them when the chat they are about is deleted."""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Candidate, RankingTask
from feedback.models.annotation import AnnotationQuerySet
from feedback.models.task import RankingTaskQuerySet
from feedback.services.chat_votes.project import site_wide
from feedback.services.chat_votes.standing import tasks_about, votes_on


def take_back(*, user: User, name: str) -> int:
    """Take back what the person said at one place. Twice does no harm."""
    here = RankingTask.objects.filter(external_id__startswith=f"{name}/")
    return taken_back(user, here.filter(project__in=site_wide()))


def take_back_all(*, user: User, messages: Collection[int]) -> int:
    """Take back all that the person said about these messages; returns how many votes."""
    return sum(taken_back(user, tasks) for tasks in tasks_about(messages))


def taken_back(user: User, tasks: RankingTaskQuerySet) -> int:
    try:
        with transaction.atomic():
            return withdraw_votes(votes_on(tasks).filter(labeler__user=user))
    except IntegrityError:
        return 0


def withdraw_votes(votes: AnnotationQuerySet) -> int:
    """Add a revision to each that takes it back; a task without a vote is closed. How many."""
    found = list(votes)
    for last in found:
        last.pk, last.revision, last.withdrawn = None, last.revision + 1, True
        last.key = f"withdrawn:{last.task_id}:{last.labeler_id}:{last.revision}"
        last.save(force_insert=True)
        task = RankingTask.objects.filter(pk=last.task_id)
        if not Annotation.objects.filter(task=last.task_id).current().exists():
            task.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    return len(found)


@transaction.atomic
def close(*, messages: Collection[int]) -> int:
    """What they belong to was deleted: their tasks are withdrawn. Returns how many votes stood."""
    count = 0
    for tasks in tasks_about(messages):
        count += votes_on(tasks.open()).count()
        tasks.open().update(withdrawn_at=timezone.now())
    return count


@transaction.atomic
def open_again(*, messages: Collection[int], since: datetime) -> None:
    """The deletion was undone: what was withdrawn with it, at `since` or later, counts again."""
    for tasks in tasks_about(messages):
        closed = tasks.filter(withdrawn_at__gte=since)
        keys = set(votes_on(closed).values_list("task", flat=True))
        RankingTask.objects.filter(pk__in=keys).update(withdrawn_at=None)


@transaction.atomic
def erase(*, messages: Collection[int]) -> None:
    """They are gone for good, and so are the prompts and answers that votes had shared.

    Datasets that are frozen already keep their copies: they never change.
    """
    for tasks in tasks_about(messages):
        keys = list(tasks.values_list("pk", flat=True))
        Annotation.objects.filter(task__in=keys).delete()
        Assignment.objects.filter(task__in=keys).delete()
        Candidate.objects.filter(task__in=keys).exclude(parent=None).delete()
        RankingTask.objects.filter(pk__in=keys).delete()
