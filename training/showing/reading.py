"""A run's events, read on from where the last look ended, so that a look costs what is new.

A web process keeps what it has read of a few runs in memory. The events themselves stay in the
run's folder, which is the truth; a process that has read nothing yet reads it once.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from training.models import TrainingJob
from training.run.events import read_events
from training.run.folder import RunFolder
from training.showing.curves import Curves

KEPT_RUNS = 32
KEPT_LINES = 200
MOST_AT_ONCE = 100_000
SAID = ("log", "warning", "resumed", "ended")


@dataclass
class Reading:
    """What was read up to `offset`. `samples`: where each step's samples lie in the file.
    `whole`: whether the end of the file was reached."""

    path: Path
    offset: int = 0
    whole: bool = True
    curves: Curves = field(default_factory=Curves)
    samples: dict[int, list[int]] = field(default_factory=dict)
    lines: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    warnings: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def catch_up(self) -> None:
        """A long history is taken in parts."""
        left = MOST_AT_ONCE
        for offset, event in read_events(self.path, self.offset):
            self._take(event, self.offset)
            self.offset = offset
            left -= 1
            if left == 0:
                break
        self.whole = left > 0

    def _take(self, event: Mapping[str, Any], at: int) -> None:
        self.curves.take(event)
        if event["kind"] == "sample":
            self.samples.setdefault(event["step"], []).append(at)
        if event["kind"] == "resumed":
            self.samples = {s: at for s, at in self.samples.items() if s <= event["step"]}
        if event["kind"] in SAID:
            self.lines.append(dict(event))
        if event["kind"] == "warning" and event["text"] not in self.warnings:
            self.warnings.append(event["text"])


_readings: OrderedDict[Path, Reading] = OrderedDict()
_lock = Lock()


@contextmanager
def reading_of(job: TrainingJob) -> Iterator[Reading]:
    """Everything that is in the run's folder now; it stands still while one looks."""
    found = _kept(RunFolder(job.folder).events_file)
    with found.lock:
        found.catch_up()
        yield found


def _kept(path: Path) -> Reading:
    with _lock:
        found = _readings.get(path)
        if found is None or found.offset > size(path):
            found = _readings[path] = Reading(path)
        _readings.move_to_end(path)
        while len(_readings) > KEPT_RUNS:
            _readings.popitem(last=False)
        return found


def size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def samples_at(found: Reading, step: int) -> list[dict[str, Any]]:
    """What the run showed at a step; read from the file, where long texts stay. One prompt that
    was shown twice there, before a kill and after it, is told once."""
    shown: dict[str, dict[str, Any]] = {}
    for offset in found.samples.get(step, []):
        for _, event in read_events(found.path, offset):
            shown[str(event.get("prompt", ""))] = event
            break
    return list(shown.values())
