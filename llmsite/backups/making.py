"""Making a backup while the app runs.

The database is copied first, the files after it: what a row names is written before the row, and
what is removed lies in the trash for a day, so every file of a row is still there.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from llmsite.backups import database
from llmsite.backups.shape import DUMP, FILES, MANIFEST, BackupError, Hashing, Manifest

# Made anew at each start, or of no use elsewhere.
NOT_KEPT = {"static", "broker", "up.lock", "incoming"}
MODELS = {"models", "embeddings"}
Say = Callable[[str], None]


def make(target: Path, *, with_models: bool = True, say: Say = lambda text: None) -> Manifest:
    """Write the backup to `target`, whole or not at all, readable by its owner only."""
    if target.exists():
        raise BackupError(f"{target} is there already. Choose another name.")
    part = target.with_name(f".{target.name}.part")
    try:
        part.touch(mode=0o600)
        manifest = _written(part, with_models, say)
        part.replace(target)
    except OSError as error:
        raise BackupError(f"{target} can't be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _written(part: Path, with_models: bool, say: Say) -> Manifest:
    manifest = Manifest(
        vendor=connection.vendor,
        made_at=timezone.now().isoformat(),
        migrations=database.migrations(),
        with_models=with_models,
    )
    with part.open("wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
        with tempfile.TemporaryDirectory(dir=part.parent) as scratch:
            dump = Path(scratch, DUMP)
            say("Copying the database …")
            database.dump(dump)
            _add(tar, dump, DUMP, manifest)
        for path in _files(with_models):
            _add_file(tar, path, manifest, say)
        _add_bytes(tar, MANIFEST, manifest.as_bytes())
        out.flush()
        os.fsync(out.fileno())
    return manifest


def _files(with_models: bool) -> Iterator[Path]:
    """Regular files of DATA_DIR; the database's own, links and what is in the making are left."""
    left = NOT_KEPT if with_models else NOT_KEPT | MODELS
    for top in sorted(settings.DATA_DIR.iterdir()):
        if top.name in left or _is_left(top.name) or top.is_symlink():
            continue
        found = [top] if top.is_file() else sorted(top.rglob("*"))
        yield from (path for path in found if path.is_file() and not path.is_symlink())


def _is_left(name: str) -> bool:
    of_database = connection.vendor == "sqlite" and name.startswith(_database_name())
    return of_database or name.startswith((".", "celerybeat", "test.sqlite3"))


def _database_name() -> str:
    return Path(database.own()["NAME"]).name


def _add_file(tar: tarfile.TarFile, path: Path, manifest: Manifest, say: Say) -> None:
    name = FILES + path.relative_to(settings.DATA_DIR).as_posix()
    try:
        _add(tar, path, name, manifest)
    except FileNotFoundError:
        return
    except PermissionError as error:
        manifest.left[name] = str(error.strerror)
        say(f"{path} is left out: {error.strerror}.")


def _add(tar: tarfile.TarFile, path: Path, name: str, manifest: Manifest) -> None:
    """With the size it has now: what is appended meanwhile is for the next backup.

    A second name of a file that is in already (a run's data) takes no room.
    """
    with path.open("rb") as file:
        about = tar.gettarinfo(arcname=name, fileobj=file)
        if about.islnk():
            tar.addfile(about)
            manifest.files[name] = manifest.files[about.linkname]
            return
        about.size = os.fstat(file.fileno()).st_size
        hashing = Hashing(file, about.size)
        tar.addfile(about, hashing)
    manifest.files[name] = (about.size, hashing.digest)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(content), 0o600
    tar.addfile(about, io.BytesIO(content))
