"""A file of rankings arriving from a browser in pieces, and what is done about its import."""

import logging
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from feedback.importers import FORMATS
from feedback.models import Import, ImportJob, Project
from feedback.services.errors import FeedbackError
from feedback.services.imports import staging
from training.models import Job

log = logging.getLogger(__name__)

LIMIT = 500_000_000
CANCELLED = "Cancelled. Nothing was imported."
FULL = "The disk became full. Free some space, then try again."
State = Job.State


def imports_dir() -> Path:
    return Path(settings.DATA_DIR) / "imports"


def file_of(job: ImportJob) -> Path:
    return imports_dir() / str(job.pk)


def begin(
    *, project: Project, file_name: str, size: int, format: str, by: User, overlap: int = 0
) -> ImportJob:
    """Make ready for a file of `size` bytes; one whose upload broke off is gone on with."""
    if format not in FORMATS:
        raise FeedbackError("Choose the format of the file.")
    if not 0 < size <= LIMIT:
        raise FeedbackError(f"At most {LIMIT // 10**6} MB may be uploaded. Split the file.")
    wanted = {"file_name": file_name[:300], "format": format, "overlap": overlap}
    begun = ImportJob.objects.filter(
        project=project, state=State.RECEIVING, started_by=by, total_bytes=size, **wanted
    ).first()
    return begun or ImportJob.objects.create(
        project=project, started_by=by, total_bytes=size, state=State.RECEIVING, **wanted
    )


def receive(*, job: ImportJob, at: int, data: bytes) -> int:
    """Append a piece; returns how many bytes have arrived. A piece that came twice or too early
    changes nothing."""
    end = at + len(data)
    if job.state != State.RECEIVING:
        raise FeedbackError("This upload has ended. Choose the file again.")
    if end > job.total_bytes:
        raise FeedbackError("The file is longer than it was said to be. Choose it again.")
    if not data or at != job.done_bytes:
        return job.done_bytes
    # Written before it is counted: a piece lost in between is sent and written once more.
    append(job, at, data)
    mine = ImportJob.objects.filter(pk=job.pk, state=State.RECEIVING, done_bytes=at)
    if mine.update(done_bytes=end, heartbeat_at=timezone.now()) and end == job.total_bytes:
        received(job)
    return end


def append(job: ImportJob, at: int, data: bytes) -> None:
    path = file_of(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(at)
            file.write(data)
    except OSError as error:
        end(job, State.FAILED, FULL)
        raise FeedbackError(FULL) from error


def received(job: ImportJob) -> None:
    waiting = ImportJob.objects.filter(pk=job.pk, state=State.RECEIVING)
    if waiting.update(state=State.WAITING, heartbeat_at=timezone.now()):
        enqueue(job)


def enqueue(job: ImportJob) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task("feedback.tasks.run_import", args=[str(job.pk), job.attempt])
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


def cancel(*, job: ImportJob) -> None:
    """End it within seconds: at once where no worker has it, else its worker is told."""
    running = ImportJob.objects.filter(pk=job.pk, state=State.RUNNING)
    if not running.update(cancel_requested=True):
        end(job, State.CANCELLED, CANCELLED)


def end(job: ImportJob, state: str, sentence: str) -> None:
    """For work that no worker has."""
    idle = ImportJob.objects.filter(pk=job.pk, state__in=(State.RECEIVING, State.WAITING))
    if idle.update(state=state, error=sentence, ended_at=timezone.now()):
        clean(job)


def clean(job: ImportJob) -> None:
    """Nothing of the work stays but its row."""
    file_of(job).unlink(missing_ok=True)
    if job.staging is not None:
        staging.clear(job.staging)


def dismiss(*, job: ImportJob) -> None:
    """Take the note about an import that came to nothing off the page."""
    ended = (State.FAILED, State.CANCELLED)
    ImportJob.objects.filter(pk=job.pk, state__in=ended).delete()


@transaction.atomic
def withdraw(*, done: Import) -> int:
    """Take back what an import brought; further rankings of older tasks stay. Says how many."""
    return int(done.made.open().update(withdrawn_at=timezone.now()))


@transaction.atomic
def bring_back(*, done: Import) -> int:
    return int(done.made.exclude(withdrawn_at=None).update(withdrawn_at=None))
