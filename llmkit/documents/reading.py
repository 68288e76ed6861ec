"""The side that asks: sniff, hand the file to a child, wait no longer than allowed."""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path

from llmkit.documents.kinds import HEAD_BYTES, kind_of
from llmkit.documents.parts import TOO_MUCH, DocumentError, Limits, ReadDocument

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2
START_SECONDS = 10
log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)

TOO_SLOW = "Reading it takes too long. Save a smaller part of it as its own file."
BUSY = "The server is busy with other files. Try again in a moment."


def read_file(path: Path, name: str, limits: Limits | None = None) -> ReadDocument:
    """The text of the file at `path` that its owner calls `name`. DocumentError: one sentence.

    At most AT_ONCE files are read at a time, in processes of their own.
    """
    limits = limits or Limits()
    with path.open("rb") as file:
        kind = kind_of(name, file.read(HEAD_BYTES))
    if not _places.acquire(timeout=limits.seconds):
        raise DocumentError(BUSY)
    try:
        return _read_in_child(path, kind, limits)
    finally:
        _places.release()


def _read_in_child(path: Path, kind: str, limits: Limits) -> ReadDocument:
    """Without a report the child was ended for its time, or had no memory left to say so."""
    done = _run(path, kind, limits)
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        log.warning("Reading a %s ended with %s: %s", kind, done.returncode, _tail(done.stderr))
        raise DocumentError(TOO_SLOW if done.returncode < 0 else TOO_MUCH) from error
    if done.stderr:
        log.info("Reading a %s said: %s", kind, _tail(done.stderr))
    if "error" in report:
        raise DocumentError(report["error"])
    return ReadDocument(kind, report["text"], report["pages"])


def _run(path: Path, kind: str, limits: Limits) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "llmkit.documents.child", kind]
    command += [str(limits.seconds), str(limits.memory_mb)]
    try:
        with path.open("rb") as file:
            return subprocess.run(
                command,
                stdin=file,
                capture_output=True,
                cwd=ROOT,
                env={"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                timeout=limits.seconds + START_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise DocumentError(TOO_SLOW) from error


def _tail(output: bytes) -> str:
    return output.decode(errors="replace").strip()[-300:]
