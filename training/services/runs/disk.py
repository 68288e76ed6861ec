"""What runs take on the disk, and what is let go once a run has made its model.

A stopped or failed run keeps its newest checkpoints (its setting `keep_checkpoints`) to go on from;
what a killed process left half written goes. One that succeeded keeps its settings, data, events
and log: what it made lies with the models now, so that removing the model frees its bytes.
"""

import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from training.models import Job, TrainingJob
from training.models.training_job import FOLDER
from training.run import checkpoints
from training.run.errors import RunError
from training.run.folder import RunFolder
from training.services.places import data_dir

log = logging.getLogger(__name__)
LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Used:
    """Bytes. `freed`: of no other place's files, so that they come free with the folder;
    `checkpoints`: those of the checkpoints."""

    bytes: int = 0
    freed: int = 0
    checkpoints: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            self.bytes + other.bytes,
            self.freed + other.freed,
            self.checkpoints + other.checkpoints,
        )


def used(job: TrainingJob) -> Used:
    """By its folder, which a removed run has no more."""
    return _used(job.folder)


def used_by_all() -> Used:
    """By the folders of all runs."""
    return sum((_used(path) for path in (data_dir() / FOLDER).glob("*")), Used())


def _used(folder: Path) -> Used:
    checkpoints = RunFolder(folder).checkpoints
    return sum((_of_file(path, checkpoints) for path in _files(folder)), Used())


def _files(folder: Path) -> Iterable[Path]:
    """A file that a training process takes away meanwhile does not count."""
    for where, _, names in os.walk(folder):
        yield from (Path(where) / name for name in names)


def _of_file(path: Path, checkpoints: Path) -> Used:
    try:
        found = path.lstat()
    except OSError:
        return Used()
    size = found.st_blocks * 512
    mine = size if found.st_nlink == 1 else 0
    return Used(size, mine, size if checkpoints in path.parents else 0)


def tidy(job: TrainingJob) -> None:
    """Let go of what a run that succeeded needs no more. Never fails whoever asks."""
    folder = RunFolder(job.folder)
    for path in (folder.checkpoints, folder.artifact):
        shutil.rmtree(path, ignore_errors=True)


def swept(folder: RunFolder) -> bool:
    """Whether no process works in the folder; then what a killed one had half written goes."""
    try:
        with folder.held():
            checkpoints.remove_unfinished(folder.checkpoints)
            folder.remove_half_written()
            return True
    except RunError:
        return False


def sweep() -> None:
    """The same for those whose worker died before it could do it."""
    lately = TrainingJob.objects.filter(ended_at__gte=timezone.now() - LATELY)
    for job in lately.exclude(state__in=Job.LIVE):
        if job.state == Job.State.DONE:
            tidy(job)
        elif job.folder.is_dir():
            swept(RunFolder(job.folder))
