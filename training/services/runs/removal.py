"""Taking a run away: never while it works or what it made is there, and undone for a day."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from accounts.recording import Verb
from training.models import ModelVersion, TrainingJob
from training.services import recorded
from training.services.errors import RunsError
from training.services.places import trash_dir

PREFIX = "run-"


def in_trash(job: TrainingJob) -> Path:
    return trash_dir() / f"{PREFIX}{job.pk}"


def why_not(job: TrainingJob) -> str:
    """One sentence about why it can't be removed, or nothing."""
    if job.is_live:
        return f"The run {job.name} has not ended. Cancel it first."
    made = job.produced
    if made is not None and made.state != ModelVersion.State.DELETED:
        return f"The run {job.name} made {made}, which is still there. Remove that first."
    return ""


@transaction.atomic
def remove(*, job: TrainingJob) -> None:
    """Its folder goes to the trash. RunsError where something speaks against it."""
    mine = TrainingJob.objects.known().select_related("produced").select_for_update(of=("self",))
    found = mine.filter(pk=job.pk).first()
    if found is None:
        raise RunsError(f"The run {job.name} was removed already.")
    if problem := why_not(found):
        raise RunsError(problem)
    found.removed_at = job.removed_at = timezone.now()
    found.save(update_fields=["removed_at"])
    recorded.of_run(Verb.REMOVED, found)
    _move(job.folder, in_trash(job))


@transaction.atomic
def restore(*, job: TrainingJob) -> None:
    """Take it out of the trash again; RunsError where it is there no more."""
    if not TrainingJob.objects.restorable().filter(pk=job.pk).update(removed_at=None):
        raise RunsError(f"The run {job.name} can't be brought back any more.")
    job.removed_at = None
    recorded.of_run(Verb.RESTORED, job)
    _move(in_trash(job), job.folder)


def _move(source: Path, target: Path) -> None:
    """A run that never began has no folder."""
    try:
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    except OSError as error:
        raise RunsError(f"The run's folder can't be moved ({error.strerror}).") from error


def kept_in_trash() -> Iterable[str]:
    """The names of folders that can still be brought back."""
    restorable = TrainingJob.objects.restorable()
    return [in_trash(job).name for job in restorable]


def purge() -> None:
    """Forget those that were removed long enough ago; with their rows, datasets come free."""
    for job in TrainingJob.objects.gone():
        shutil.rmtree(in_trash(job), ignore_errors=True)
        job.delete()
