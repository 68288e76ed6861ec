"""Checkpoints that are whole or do not count: a manifest with every file's hash comes last."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from training.run.folder import write_whole

MANIFEST = "manifest.json"
NAME = re.compile(r"checkpoint-(\d+)")


def folder_of(root: Path, step: int) -> Path:
    return root / f"checkpoint-{step}"


def step_of(folder: Path) -> int:
    found = NAME.fullmatch(folder.name)
    return int(found.group(1)) if found else -1


def seal(folder: Path) -> None:
    """Name every file with its hash, after all of them have reached the disk."""
    files = {str(path.relative_to(folder)): hash_of(path) for path in files_in(folder)}
    write_whole(folder / MANIFEST, json.dumps(files, indent=1, sort_keys=True))
    sync(folder)


def files_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if path.name != MANIFEST]


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest


def sync(folder: Path) -> None:
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


@contextmanager
def writing(root: Path, step: int) -> Iterator[Path]:
    """A folder to fill; it gets its name and its manifest when the block ends without an error."""
    target, building = folder_of(root, step), root / f".building-{step}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        yield building
        seal(building)
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def problem_with(folder: Path) -> str:
    """Why a checkpoint can't be gone on from, or nothing."""
    try:
        wanted = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return "it was not finished"
    for name, digest in wanted.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if hash_of(path) != digest:
            return f"{name} is damaged"
    return ""


def all_of(root: Path) -> list[Path]:
    """Newest first."""
    found = [path for path in root.glob("checkpoint-*") if step_of(path) >= 0]
    return sorted(found, key=step_of, reverse=True)


def newest_whole(root: Path, tell: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that is as it was written. Each damaged one is told and removed."""
    for folder in all_of(root):
        problem = problem_with(folder)
        if not problem:
            return folder
        tell(f"The checkpoint of step {step_of(folder)} can't be used: {problem}.")
        shutil.rmtree(folder, ignore_errors=True)
    return None


def prune(root: Path, keep: int, *, spare: int | None = None) -> None:
    """Keep the newest `keep` and that of step `spare`; a half-removed one has lost its manifest
    first."""
    old = [folder for folder in all_of(root)[keep:] if step_of(folder) != spare]
    for folder in old:
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(root: Path) -> None:
    """What was being written when something failed or was killed: on a full disk, room."""
    unsealed = [path for path in all_of(root) if not (path / MANIFEST).is_file()]
    for path in [*unsealed, *root.glob(".building-*")]:
        shutil.rmtree(path, ignore_errors=True)
