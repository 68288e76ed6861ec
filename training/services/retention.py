"""What runs and half-made work leave on the disk that nothing needs any more.

A stopped run can always be gone on with: its newest whole checkpoint stays for good.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from llmkit.removing import Removable, freed_by, removed
from training.models import Job, TrainingJob
from training.models.training_job import FOLDER
from training.run import checkpoints
from training.run.errors import RunError
from training.run.folder import RunFolder
from training.services.places import data_dir, trash_dir


def old_checkpoints(before: datetime) -> Iterator[Removable]:
    """Of runs that ended before: all of one that succeeded, all but the newest whole one else."""
    for job in TrainingJob.objects.ended().filter(ended_at__lt=before):
        for path in unneeded(job):
            name = f"{path.name} of {job}"
            yield Removable(name, partial(_remove_from, job, path), freed_by(path))


def unneeded(job: TrainingJob) -> list[Path]:
    """One that stops early may go back to any checkpoint, so all of its stay."""
    folder = RunFolder(job.folder)
    found = checkpoints.all_of(folder.checkpoints)
    if job.state == Job.State.DONE:
        return [path for path in (folder.checkpoints, folder.artifact) if path.is_dir()]
    if len(found) < 2 or job.config.get("patience"):
        return []
    newest = next((path for path in found if not checkpoints.problem_with(path)), None)
    return [path for path in found if newest is not None and path != newest]


def _remove_from(job: TrainingJob, path: Path) -> bool:
    """Not while a process is in the folder, nor where it was gone on with meanwhile."""
    try:
        with RunFolder(job.folder).held():
            same = TrainingJob.objects.ended().filter(pk=job.pk, attempt=job.attempt)
            return same.exists() and removed(path, trash_dir())
    except (RunError, FileNotFoundError):
        return False


def unknown_folders(before: datetime) -> Iterator[Removable]:
    """Folders of runs whose rows are gone, for longer than a restored backup may lie behind."""
    known = {str(pk) for pk in TrainingJob.objects.values_list("pk", flat=True)}
    yield from without_rows(data_dir() / FOLDER, known, before)


def without_rows(root: Path, known: set[str], before: datetime) -> Iterator[Removable]:
    """Folders below `root` that are named like a row's key, which no row has, and that nobody has
    touched since."""
    for path in sorted(root.glob("*")):
        if is_key(path.name) and path.name not in known and is_older(path, before):
            what = f"{root.name}/{path.name}, which no row has"
            yield Removable(what, partial(removed, path, trash_dir()), freed_by(path))


def is_key(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def is_older(path: Path, before: datetime) -> bool:
    try:
        return path.stat().st_mtime < before.timestamp()
    except OSError:
        return False


def half_made(before: datetime) -> Iterator[Removable]:
    """What a killed process was putting together beside the place that it was meant for."""
    found = [*data_dir().glob(".restore-*"), *(data_dir() / "datasets").glob(".building-*")]
    for path in sorted(found):
        if is_older(path, before):
            what = str(path.relative_to(data_dir()))
            yield Removable(what, partial(removed, path, trash_dir()), freed_by(path))
