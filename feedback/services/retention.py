"""Claims that ran out and were never taken up again, and files of imports that have ended."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from feedback.models import Assignment, ImportJob
from feedback.services.imports.receiving import imports_dir
from llmkit.removing import Removable, freed_by, removed
from training.services.places import trash_dir
from training.services.retention import is_older


def old_claims(before: datetime) -> Iterator[Removable]:
    """With what was begun in them. One that a ranking came of stays."""
    expired = Assignment.objects.filter(state=Assignment.State.EXPIRED, ended_at__lt=before)
    left = expired.filter(annotations=None)
    if count := left.count():
        yield Removable("expired claims", lambda: bool(left.delete()[0]), things=count)


def left_files(before: datetime) -> Iterator[Removable]:
    """Uploads whose import is over, or which no import has."""
    live = {str(key) for key in ImportJob.objects.live().values_list("pk", flat=True)}
    for path in sorted(imports_dir().glob("*")):
        if path.name not in live and is_older(path, before):
            what = f"imports/{path.name}"
            yield Removable(what, partial(removed, path, trash_dir()), freed_by(path))
