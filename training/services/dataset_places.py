"""Where a dataset lies while it is being added, and what is swept away there."""

import json
import logging
import shutil
import time
from pathlib import Path
from uuid import UUID

from llmkit.adding import AddError
from llmkit.adding.space import require_disk
from training.models import DatasetAddition, DatasetVersion
from training.preparing.request import UPLOAD
from training.services.datasets import FOLDER, DatasetError
from training.services.places import data_dir

log = logging.getLogger(__name__)
WORK, MARK = ".adding-", ".addition.json"
OLD_BUILDING = 6 * 60 * 60


def datasets_dir() -> Path:
    return data_dir() / FOLDER


def work_folder(job: object) -> Path:
    """Beside the versions, so that a finished one only has to be renamed."""
    return datasets_dir() / f"{WORK}{job}"


def upload_file(job: object) -> Path:
    return work_folder(job) / UPLOAD


def require_space(needed: int) -> None:
    datasets_dir().mkdir(parents=True, exist_ok=True)
    try:
        require_disk(datasets_dir(), needed)
    except AddError as error:
        raise DatasetError(str(error)) from error


def clear(addition: DatasetAddition) -> None:
    shutil.rmtree(work_folder(addition.pk), ignore_errors=True)


def mark(folder: Path, addition: DatasetAddition) -> None:
    """Whose work a finished folder is, in case its worker dies before the row says so."""
    (folder / MARK).write_text(json.dumps(str(addition.pk)))


def sweep() -> None:
    """Remove the files of work that nobody goes on with. Never fails whoever asks.

    What lies there is listed before the rows are asked: a row always comes before its folder.
    """
    try:
        for path in [*datasets_dir().glob(f"{WORK}*")]:
            if not is_open(path.name.removeprefix(WORK)):
                shutil.rmtree(path, ignore_errors=True)
        for path in datasets_dir().glob(".building-*"):
            if path.stat().st_mtime < time.time() - OLD_BUILDING:
                shutil.rmtree(path, ignore_errors=True)
        _sweep_unfinished()
    except OSError:
        log.exception("Leftovers can't be removed now; tried again later")


def is_open(job: str) -> bool:
    try:
        return DatasetAddition.objects.open().filter(pk=UUID(job)).exists()
    except ValueError:
        return True


def _sweep_unfinished() -> None:
    """Folders of versions that no row vouches for, and whose addition has ended."""
    marked = [path.parent for path in datasets_dir().glob(f"*/{MARK}")]
    known = set(DatasetVersion.objects.values_list("path", flat=True))
    for folder in marked:
        path = f"{FOLDER}/{folder.name}"
        if path in known or folder.name.startswith(WORK):
            continue
        if is_open(json.loads((folder / MARK).read_text())):
            continue
        if not DatasetVersion.objects.filter(path=path).exists():
            shutil.rmtree(folder, ignore_errors=True)
