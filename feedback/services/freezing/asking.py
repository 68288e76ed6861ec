"""Asking for a report, and for the version that it promises; a worker does the work."""

import logging

from celery import current_app
from django.utils import timezone

from accounts.access import ADMIN, is_in_group
from accounts.models import User
from feedback.models import Freezing, Project
from feedback.services.errors import FeedbackError
from feedback.services.snapshots import Recipe
from training.models import Dataset, Job

log = logging.getLogger(__name__)
CANCELLED = "Cancelled. Nothing was frozen."
LONGEST_NAME = 100


def prepare(*, project: Project, name: str, recipe: Recipe, by: User | None) -> Freezing:
    """Have a report worked out. FeedbackError for a name or a recipe that cannot be."""
    return Freezing.objects.create(
        project=project,
        name=checked_name(name, by),
        recipe=recipe.checked().stored(),
        started_by=by,
    )


def freeze(*, report: Freezing, by: User | None) -> Freezing:
    """Have the version frozen that a report told of."""
    if report.state != Job.State.DONE or report.report is None:
        raise FeedbackError("This report is not ready. Prepare a new one.")
    if not report.report["counts"]["annotations"]:
        raise FeedbackError("There are no rankings to freeze yet. Rank some answers first.")
    return Freezing.objects.create(
        project=report.project,
        name=checked_name(report.name, by),
        recipe=report.recipe,
        wanted=Freezing.Wanted.VERSION,
        seen=report.content_hash,
        started_by=by,
    )


def checked_name(name: str, by: User | None) -> str:
    """A name that is free, or that of a preference dataset."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise FeedbackError(f"Give the dataset a name of at most {LONGEST_NAME} characters.")
    if (known := Dataset.objects.filter(name=name).first()) is not None:
        check_dataset(known, by)
    return name


def check_dataset(known: Dataset, by: User | None) -> None:
    """FeedbackError unless the person may add a version of pairs to it."""
    if known.kind != Dataset.Kind.PREFERENCE:
        kind = known.get_kind_display().lower()
        raise FeedbackError(f"{known} holds {kind}. Take another name.")
    if known.archived_at is not None:
        raise FeedbackError(f"{known} is archived. Bring it back, or take another name.")
    if by is not None and known.owner not in (None, by) and not is_in_group(by, ADMIN):
        raise FeedbackError(f"{known} belongs to somebody else. Take another name.")


def enqueue(freezing: Freezing) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        args = [str(freezing.pk), freezing.attempt]
        current_app.send_task("feedback.tasks.freeze_rankings", args=args)
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


def cancel(*, freezing: Freezing) -> None:
    """End it: at once where no worker has it, else its worker is told."""
    mine = Freezing.objects.filter(pk=freezing.pk)
    ended = {"state": Job.State.CANCELLED, "ended_at": timezone.now(), "error": CANCELLED}
    if not mine.filter(state=Job.State.WAITING).update(**ended):
        mine.filter(state=Job.State.RUNNING).update(cancel_requested=True)
