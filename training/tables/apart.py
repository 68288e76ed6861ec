"""A table read by a process of its own, for those who must not be held up or fall with it.

At most AT_ONCE are read at a time. Without a last line the child was ended for its time, or had no
memory left to say so.
"""

import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.tables.child import TOO_MUCH
from training.tables.table import BadRow, RawRow, Row, TableError

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE, START_SECONDS = 2, 10
TOO_SLOW = "Reading it takes too long. Split it."
BUSY = "The server is busy with other files. Try again in a moment."
log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Bounds:
    """`seconds` are processor time, `bytes` what the rows may take as JSON."""

    seconds: int = 20
    memory_mb: int = 512
    rows: int = 100_000
    bytes: int = 64_000_000


def rows_apart(path: Path, name: str, bounds: Bounds) -> list[Row]:
    """What `open_table` finds. TableError: one sentence."""
    if not _places.acquire(timeout=bounds.seconds):
        raise TableError(BUSY)
    try:
        done = run(path, name, bounds)
    finally:
        _places.release()
    *found, last = [json.loads(line) for line in whole_lines(done.stdout)] or [None]
    if not isinstance(last, dict):
        log.warning("A table's reader ended with %s: %s", done.returncode, done.stderr[-300:])
        raise TableError(TOO_SLOW if done.returncode < 0 else TOO_MUCH)
    if "error" in last:
        raise TableError(last["error"])
    return [unpacked(row) for row in found]


def whole_lines(output: bytes) -> list[bytes]:
    """A line that was cut off is left out."""
    return output.split(b"\n")[:-1]


def unpacked(row: list[Any]) -> Row:
    return RawRow(*row) if len(row) == 2 else BadRow(*row)


def run(path: Path, name: str, bounds: Bounds) -> "subprocess.CompletedProcess[bytes]":
    limits = (bounds.seconds, bounds.memory_mb, bounds.rows, bounds.bytes)
    plain = "table" + "".join(Path(name.replace("\x00", "")).suffixes[-2:])
    try:
        return subprocess.run(
            [sys.executable, "-m", "training.tables.child", path, plain, *map(str, limits)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=ROOT,
            env={
                "PYTHONUTF8": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "OMP_NUM_THREADS": "1",
                "ARROW_DEFAULT_MEMORY_POOL": "system",
            },
            timeout=bounds.seconds + START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TableError(TOO_SLOW) from error
