"""The side that asks: sniff, hand the file to a child, wait no longer than allowed."""

import json
import logging
from pathlib import Path

from llmkit.confined import BusyError, TooSlowError, confined, tail
from llmkit.documents.kinds import HEAD_BYTES, kind_of
from llmkit.documents.parts import TOO_MUCH, DocumentError, Limits, ReadDocument

log = logging.getLogger(__name__)

TOO_SLOW = "Reading it takes too long. Save a smaller part of it as its own file."


def read_file(path: Path, name: str, limits: Limits | None = None) -> ReadDocument:
    """The text of the file at `path` that its owner calls `name`. DocumentError: one sentence."""
    with path.open("rb") as file:
        kind = kind_of(name, file.read(HEAD_BYTES))
    try:
        return _read_in_child(path, kind, limits or Limits())
    except BusyError as error:
        raise DocumentError(str(error)) from error
    except TooSlowError as error:
        raise DocumentError(TOO_SLOW) from error


def _read_in_child(path: Path, kind: str, limits: Limits) -> ReadDocument:
    """Without a report the child was ended for its time, or had no memory left to say so."""
    done = confined(
        "llmkit.documents.child",
        kind,
        seconds=limits.seconds,
        memory_mb=limits.memory_mb,
        file=path,
    )
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        log.warning("Reading a %s ended with %s: %s", kind, done.returncode, tail(done.stderr))
        raise DocumentError(TOO_SLOW if done.returncode < 0 else TOO_MUCH) from error
    if done.stderr:
        log.info("Reading a %s said: %s", kind, tail(done.stderr))
    if "error" in report:
        raise DocumentError(report["error"])
    return ReadDocument(kind, report["text"], report["pages"])
