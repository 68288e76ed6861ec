"""Bringing a backup into an empty install.

All files are unpacked and compared with the manifest in a folder beside DATA_DIR's other contents
before anything takes its place; the database comes last, so that an install with a database is
whole.
"""

import hashlib
import lzma
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Container
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from llmsite.backups import database
from llmsite.backups.making import NOT_KEPT
from llmsite.backups.shape import DUMP, FILES, MANIFEST, PIECE, BackupError, Manifest
from llmsite.preflight import StartError, take_lock

Say = Callable[[str], None]
# An install that was started once has these, and they may be overwritten.
FRESH = NOT_KEPT | {"secret_key", "models", "embeddings"}


def restore(source: Path, *, say: Say = lambda text: None) -> Manifest:
    """BackupError where the install is not empty or the file is damaged; then nothing changed."""
    try:
        lock = take_lock(settings.DATA_DIR, "restoring a backup")
    except StartError as error:
        raise BackupError(str(error)) from error
    with lock, tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".restore-") as scratch:
        require_empty()
        say("Reading the backup …")
        manifest = unpack(source, Path(scratch))
        require_same_kind(manifest)
        say("Putting everything in its place …")
        place(Path(scratch), manifest)
    call_command("migrate", interactive=False, verbosity=0)
    return manifest


def require_empty() -> None:
    database_file = Path(str(database.own()["NAME"])).name
    known = FRESH | {database_file, f"{database_file}-wal", f"{database_file}-shm"}
    others = [p.name for p in settings.DATA_DIR.iterdir() if _counts(p) and p.name not in known]
    if others or not database.is_empty():
        raise BackupError(
            f"{settings.DATA_DIR} or its database is in use already. Restore into an empty "
            "DATA_DIR and an empty database."
        )


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_file() or any(path.iterdir()))


def unpack(source: Path, folder: Path) -> Manifest:
    """Each file as the manifest has it; names that lead out of the folder are refused."""
    try:
        with tarfile.open(source, "r") as tar:
            tar.extractall(folder, filter="data")
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {source}.") from error
    except (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise BackupError(f"{source} is no backup, or is cut off: {error}.") from error
    except OSError as error:
        raise BackupError(f"{source} can't be unpacked: {error.strerror or error}.") from error
    found = folder / MANIFEST
    if not found.is_file():
        raise BackupError(f"{source} is cut off. Use another backup.")
    manifest = Manifest.read(found.read_bytes())
    require_named(folder, {MANIFEST, *manifest.files})
    for name, (size, digest) in manifest.files.items():
        require_same(folder / name, size, digest)
    return manifest


def require_named(folder: Path, named: Container[str]) -> None:
    """Only what the manifest vouches for, and no links, of which `make` writes none."""
    if DUMP not in named:
        raise BackupError("There is no database in this backup. Use another one.")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or (not path.is_dir() and name not in named):
            raise BackupError(
                f"{name} was put into this backup after it was made. Use another backup."
            )


def require_same(path: Path, size: int, digest: str) -> None:
    if not path.is_file() or path.stat().st_size != size or digest_of(path) != digest:
        raise BackupError(f"{path.name} is damaged in this backup. Use another one.")


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256", _bufsize=PIECE).hexdigest()


def require_same_kind(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"This backup is of {manifest.vendor}, but DATABASE_URL names {connection.vendor}. "
            "Restore into the same kind of database."
        )


def place(unpacked: Path, manifest: Manifest) -> None:
    files = unpacked / FILES
    for top in sorted(files.iterdir()) if files.is_dir() else []:
        target = settings.DATA_DIR / top.name
        if target.is_dir():
            shutil.rmtree(target)
        top.replace(target)
    database.load(unpacked / DUMP)
