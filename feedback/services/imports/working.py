"""A worker's side of an import: claim the row, read the file, end the row.

Every write is fenced by "this attempt, and mine"; the row ends in the transaction in which the
tasks appear, so an import is there whole and once, whenever a worker dies.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from django.utils import timezone

from feedback.models import Import, ImportJob, Project
from feedback.services.errors import FeedbackError
from feedback.services.imports import receiving, staging
from feedback.services.imports.bringing import import_preferences
from llmkit.identity import identity, is_dead
from training.models import Job, JobLostError
from training.models.job import SILENT_AFTER

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
MOST_ATTEMPTS = 3
UPLOAD_PATIENCE = 60 * SILENT_AFTER
WAITING_PATIENCE = 2 * SILENT_AFTER
BROKE = "The import broke off because of a fault on this site. The worker's log says which."
STOPPED = "The upload stopped. Choose the file and send it again."
DIED = f"The worker died {MOST_ATTEMPTS} times while importing it. Its log may say why."
State = Job.State


class CancelledError(Exception):
    """Someone asked for an end."""


def run(*, job_id: str, attempt: int) -> None:
    """Import the file, unless another worker has it or the attempt is an old one."""
    if not ImportJob.objects.claim(job_id, attempt=attempt, worker=identity()):
        return
    job = ImportJob.objects.select_related("project", "staging").get(pk=job_id)
    try:
        _work(job)
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", job)
    except CancelledError:
        _end(job, State.CANCELLED, receiving.CANCELLED)
    except FeedbackError as error:
        _end(job, State.FAILED, str(error))
    except Exception:
        log.exception("The import of %s broke off", job)
        _end(job, State.FAILED, BROKE)


def _work(job: ImportJob) -> None:
    if job.staging is not None:
        staging.clear(job.staging)
    import_preferences(
        project=job.project,
        path=receiving.file_of(job),
        format_name=job.format,
        imported_by=job.started_by,
        file_name=job.file_name,
        overlap=job.overlap,
        report=reporter(job),
        begun=lambda where: _begun(job, where),
        finish=lambda done: _finish(job, done),
    )
    receiving.file_of(job).unlink(missing_ok=True)


def reporter(job: ImportJob) -> Callable[[str, int, int], None]:
    """Stores about once a second how far it is; raises where the work should stop."""
    last = 0.0

    def report(phase: str, done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last < BEAT_SECONDS:
            return
        last = monotonic()
        _touch(job, phase=phase, done_rows=done, total_rows=total, heartbeat_at=timezone.now())
        if _held(job).filter(cancel_requested=True).exists():
            raise CancelledError

    return report


def _held(job: ImportJob) -> Any:
    return ImportJob.objects.held(job.pk, attempt=job.attempt, worker=job.worker)


def _touch(job: ImportJob, **changes: Any) -> None:
    if not _held(job).update(**changes):
        raise JobLostError(str(job.pk))


def _begun(job: ImportJob, where: Project) -> None:
    job.staging = where
    _touch(job, staging=where, heartbeat_at=timezone.now())


def _finish(job: ImportJob, done: Import) -> None:
    """Inside the transaction that makes the tasks appear."""
    _touch(job, state=State.DONE, result=done, ended_at=timezone.now(), phase="")


def _end(job: ImportJob, state: str, sentence: str) -> None:
    with suppress(JobLostError):
        _touch(job, state=state, error=sentence, ended_at=timezone.now(), phase="")
        receiving.file_of(job).unlink(missing_ok=True)


def reap() -> None:
    """Find what its worker, the broker or the browser has dropped, and go on with it or end it."""
    silent = set(ImportJob.objects.silent().values_list("pk", flat=True))
    for job in ImportJob.objects.filter(state=State.RUNNING).select_related("staging"):
        if job.pk in silent or is_dead(job.worker):
            with suppress(JobLostError):
                _take_over(job)
    _remind_the_broker()
    before = timezone.now() - UPLOAD_PATIENCE
    for job in ImportJob.objects.filter(state=State.RECEIVING, heartbeat_at__lt=before):
        receiving.end(job, State.FAILED, STOPPED)
    staging.sweep()


def _take_over(job: ImportJob) -> None:
    """The file is read again from its beginning: what was written so far nobody has seen."""
    if job.cancel_requested:
        _end(job, State.CANCELLED, receiving.CANCELLED)
    elif job.attempt >= MOST_ATTEMPTS:
        _end(job, State.FAILED, DIED)
    else:
        again = {"worker": "", "attempt": job.attempt + 1, "phase": "Starting again"}
        _touch(job, state=State.WAITING, heartbeat_at=timezone.now(), done_rows=0, **again)
        job.attempt += 1
        receiving.enqueue(job)
        return
    if job.staging is not None:
        staging.clear(job.staging)


def _remind_the_broker() -> None:
    """Send a waiting row's task again where it seems lost; one that comes twice does no harm."""
    if ImportJob.objects.filter(state=State.RUNNING).exists():
        return
    before = timezone.now() - WAITING_PATIENCE
    for job in ImportJob.objects.filter(state=State.WAITING, heartbeat_at__lt=before):
        same = ImportJob.objects.filter(pk=job.pk, heartbeat_at=job.heartbeat_at)
        if same.update(heartbeat_at=timezone.now()):
            receiving.enqueue(job)
