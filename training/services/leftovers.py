"""What ended or killed work left on the disk: hidden folders, uploads, and the trash."""

import logging
import shutil
from pathlib import Path

from llmkit.adding import AddError
from llmkit.adding.space import require_disk
from training.models import Addition, ModelVersion
from training.services.errors import ModelsError
from training.services.places import models_dir, trash_dir, upload_file, work_folder
from training.services.runs import removal

log = logging.getLogger(__name__)


def sweep() -> None:
    """Remove the files of work that is not live any more. Never fails whoever asks."""
    try:
        live = {str(pk) for pk in Addition.objects.live().values_list("pk", flat=True)}
        for path in models_dir().glob(".adding-*"):
            if path.name.removeprefix(".adding-") not in live:
                _remove(path)
        for path in upload_file("x").parent.glob("*.gguf"):
            if path.stem not in live:
                _remove(path)
    except OSError:
        log.exception("Leftovers can't be removed now; tried again later")


def clear(addition: Addition) -> None:
    """Remove the files of one addition that has ended."""
    _remove(work_folder(addition.pk))
    _remove(upload_file(addition.pk))


def empty_trash() -> int:
    """Remove for good what was removed long enough ago; returns how many models and runs."""
    kept = {str(pk) for pk in ModelVersion.objects.restorable().values_list("pk", flat=True)}
    kept |= set(removal.kept_in_trash())
    old = [path for path in trash_dir().glob("*") if path.name not in kept]
    for path in old:
        _remove(path)
    return len(old)


def require_space(needed: int) -> None:
    models_dir().mkdir(parents=True, exist_ok=True)
    try:
        require_disk(models_dir(), needed)
    except AddError as error:
        raise ModelsError(str(error)) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
