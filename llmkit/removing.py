"""Taking files away so that a process that dies in the middle leaves nothing half.

What goes is first renamed into a trash folder on the same disk, which is one step, and deleted
there. Whatever empties that folder finishes what a dead process began.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512


@dataclass(frozen=True)
class Removable:
    """One thing that may go. `things` is how many rows or folders it stands for; `remove` says
    whether it went, and is not called where somebody only asks."""

    what: str
    remove: Callable[[], bool]
    bytes: int = 0
    things: int = 1


def removed(path: Path, trash: Path) -> bool:
    """Whether there was something to remove."""
    trash.mkdir(parents=True, exist_ok=True)
    aside = trash / f"cleaned-{uuid.uuid4()}"
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)
    return True


def freed_by(path: Path) -> int:
    """Bytes that come free with it: a file with a second name elsewhere keeps its own."""
    return sum(_freed(each) for each in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for where, _, names in os.walk(path):
        yield from (Path(where) / name for name in names)


def _freed(file: Path) -> int:
    try:
        found = file.lstat()
    except OSError:
        return 0
    return found.st_blocks * BLOCK if found.st_nlink == 1 else 0
