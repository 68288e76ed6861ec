"""A table read by a process of its own, for those who must not be held up or fall with it.

Without a last line the child was ended for its time, or had no memory left to say so.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmkit.confined import BusyError, TooSlowError, confined, tail
from training.tables.child import TOO_MUCH
from training.tables.table import BadRow, RawRow, Row, TableError

TOO_SLOW = "Reading it takes too long. Split it."
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """`seconds` are processor time, `bytes` what the rows may take as JSON."""

    seconds: int = 20
    memory_mb: int = 512
    rows: int = 100_000
    bytes: int = 64_000_000


def rows_apart(path: Path, name: str, bounds: Bounds) -> list[Row]:
    """What `open_table` finds. TableError: one sentence."""
    try:
        return _read_in_child(path, name, bounds)
    except BusyError as error:
        raise TableError(str(error)) from error
    except TooSlowError as error:
        raise TableError(TOO_SLOW) from error


def _read_in_child(path: Path, name: str, bounds: Bounds) -> list[Row]:
    plain = "table" + "".join(Path(name.replace("\x00", "")).suffixes[-2:])
    asked = (path, plain, bounds.rows, bounds.bytes)
    done = confined(
        "training.tables.child", *asked, seconds=bounds.seconds, memory_mb=bounds.memory_mb
    )
    *found, last = [json.loads(line) for line in whole_lines(done.stdout)] or [None]
    if not isinstance(last, dict):
        log.warning("Reading a table ended with %s: %s", done.returncode, tail(done.stderr))
        raise TableError(TOO_SLOW if done.returncode < 0 else TOO_MUCH)
    if "error" in last:
        raise TableError(last["error"])
    return [unpacked(row) for row in found]


def whole_lines(output: bytes) -> list[bytes]:
    """A line that was cut off is left out."""
    return output.split(b"\n")[:-1]


def unpacked(row: list[Any]) -> Row:
    return RawRow(*row) if len(row) == 2 else BadRow(*row)
