"""How long a run will still take, from how long its steps, looks and checkpoints took so far."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

LOADING, READING = "Loading the model", "Reading the data"
TRAINING, LOOKING, SAVING = "Training", "Looking at held-out rows", "Saving"
REMEMBERED = 50
TRIMMED = 0.1


class Pace:
    """Time is told in phases; what was spent between two steps in TRAINING is a step's.

    `every` says how many steps lie between two pauses of a phase, such as {LOOKING: 50}. The first
    step of an attempt warms caches up and does not count once there is another.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since, self._phase = clock, clock(), ""
        self._training = 0.0
        self._steps: deque[float] = deque(maxlen=REMEMBERED)
        self._taken = 0
        self._pauses: dict[str, list[float]] = {}
        self.every: Mapping[str, int] = {}

    def enter(self, phase: str) -> None:
        now = self._clock()
        spent, self._since = now - self._since, now
        if self._phase == TRAINING:
            self._training += spent
        elif self._phase in self.every:
            self._pauses.setdefault(self._phase, []).append(spent)
        self._phase = phase

    def stepped(self) -> None:
        self.enter(TRAINING)
        if self._taken == 1:
            self._steps.clear()
        self._steps.append(self._training)
        self._taken += 1
        self._training = 0.0

    def left(self, done: int, total: int) -> float | None:
        """Seconds, None before two steps are known."""
        if self._taken < 2 or not total:
            return None
        pauses = [
            fmean(seconds) * times(done, total, self.every[phase])
            for phase, seconds in self._pauses.items()
        ]
        return usual(self._steps) * (total - done) + sum(pauses)


def times(done: int, total: int, every: int) -> int:
    """Pauses still to come: after every so many steps, and after the last."""
    return math.ceil(total / every) - done // every


def usual(seconds: Sequence[float]) -> float:
    """The mean without the tenth that took longest and the tenth that took shortest."""
    cut = math.floor(len(seconds) * TRIMMED)
    kept = sorted(seconds)[cut : len(seconds) - cut]
    return fmean(kept)
