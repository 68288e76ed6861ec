"""What a run tells the world: lines of JSON that are only ever added.

{"kind": "metrics", "at": 1700000000.0, "step": 10, "values": {"loss": 1.93}}
{"kind": "sample", "step": 10, "prompt": "…", "text": "…", "reference": "…", "score": 0.4}
{"kind": "progress", "done": 10, "total": 100, "phase": "Training", "left": 81.5}
{"kind": "phase", "text": "Saving"}   what is done now (training.run.pace)
{"kind": "resumed", "step": 8}        measures of later steps will come again
{"kind": "log" | "warning", "text": "…"}
{"kind": "ended", "state": "succeeded" | "cancelled" | "failed", "error": "…", "measures": {…}}
"""

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.run.pace import TRAINING, Pace

LONGEST_TEXT = 20_000


class Events:
    """The writer; each line goes to the system at once, so that `kill -9` loses none.

    A disk that fills up may take a part of a line first; the next writer ends that line.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)
        self._mend()

    def _mend(self) -> None:
        """End a line that a killed process left unfinished; readers pass over it."""
        if self._file.tell() == 0:
            return
        self._file.seek(-1, 2)
        if self._file.read(1) != b"\n":
            self._file.write(b"\n")

    def add(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"kind": kind, "at": time.time(), **fields}, ensure_ascii=False)
        left = line.encode("utf-8", "replace") + b"\n"
        while left:
            left = left[self._file.write(left) :]

    def close(self) -> None:
        self._file.close()


class Report:
    """What a method may say while it runs."""

    def __init__(self, events: Events, pace: Pace | None = None) -> None:
        self._events, self.pace = events, pace or Pace()
        self.finals: dict[str, float] = {}

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """What is not a finite number is stored as null: JSON has no other word for it."""
        kept = {name: _finite(value) for name, value in values.items()}
        self._events.add("metrics", step=step, values=kept)

    def sample(self, step: int, **fields: Any) -> None:
        cut = {k: v[:LONGEST_TEXT] if isinstance(v, str) else v for k, v in fields.items()}
        self._events.add("sample", step=step, **cut)

    def progress(self, done: int, total: int) -> None:
        """After a step; with the seconds that are left, where they can be known."""
        self.pace.stepped()
        left = self.pace.left(done, total)
        known = {} if left is None else {"left": left}
        self._events.add("progress", done=done, total=total, phase=TRAINING, **known)

    def phase(self, text: str) -> None:
        self.pace.enter(text)
        self._events.add("phase", text=text)

    def final(self, step: int, values: Mapping[str, float]) -> None:
        """Measures of the whole run, which are told again with its end."""
        if values:
            self.finals.update(values)
            self.metrics(step, values)

    def resumed(self, step: int) -> None:
        self._events.add("resumed", step=step)

    def log(self, text: str) -> None:
        self._events.add("log", text=text[:LONGEST_TEXT])

    def warn(self, text: str) -> None:
        self._events.add("warning", text=text[:LONGEST_TEXT])


def _finite(value: float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def read_events(path: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """(offset behind it, event) of every whole line from `offset` on; damaged ones are left out."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            event = _parsed(line)
            if event is not None:
                yield offset, event


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "kind" in found else None
