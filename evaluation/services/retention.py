"""What evaluations leave on the disk that nothing needs any more.

Scores, and every item with its prompt and output, stay. The book of raw answers only serves to go
on after a stop, so one of a run that is done may go.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from evaluation.models import EvaluationRun
from evaluation.models.evaluation_run import FOLDER
from evaluation.run.running import OUTPUTS
from llmkit.removing import Removable, freed_by, removed
from training.services.places import data_dir, trash_dir
from training.services.retention import without_rows


def old_answers(before: datetime) -> Iterator[Removable]:
    for run in EvaluationRun.objects.done().filter(ended_at__lt=before):
        path = run.folder / OUTPUTS
        if path.is_file():
            what = f"raw answers of {run}"
            yield Removable(what, partial(_remove_from, run, path), freed_by(path))


def _remove_from(run: EvaluationRun, path: Path) -> bool:
    """One that is done can't be gone on with, so nobody adds to the book."""
    return EvaluationRun.objects.done().filter(pk=run.pk).exists() and removed(path, trash_dir())


def unknown_folders(before: datetime) -> Iterator[Removable]:
    known = {str(pk) for pk in EvaluationRun.objects.values_list("pk", flat=True)}
    yield from without_rows(data_dir() / FOLDER, known, before)
