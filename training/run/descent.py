"""A loop of gradient descent: rates, order of the rows, one step, checkpoints, a wish to stop."""

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from training.methods.schedule import Schedule
from training.run import checkpoints
from training.run.errors import Stopped
from training.run.state import State, write_state
from training.run.work import Work

T = TypeVar("T")


def seed_all(seed: int) -> None:
    import torch

    random.seed(seed)
    torch.manual_seed(seed)


def steps_in_all(schedule: Schedule, rows: int) -> int:
    per_step = schedule.batch_size * schedule.accumulate
    return schedule.max_steps or max(1, math.ceil(schedule.epochs * rows / per_step))


def rate(schedule: Schedule, step: int, total: int) -> float:
    """The learning rate of step 0, 1, …: it rises over the warm-up, then goes as it was told."""
    warmup = math.ceil(schedule.warmup * total)
    if step < warmup:
        return schedule.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    shapes = {"linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2, "constant": 1.0}
    return schedule.learning_rate * shapes[schedule.decay]


def batch_at(rows: Sequence[T], step: int, size: int, seed: int) -> list[T]:
    """The rows of a step: each epoch in an order of its own, known from its number alone."""
    first = step * size
    return [rows[place(at, len(rows), seed)] for at in range(first, first + size)]


def place(at: int, count: int, seed: int) -> int:
    epoch, within = divmod(at, count)
    return order(count, seed, epoch)[within]


_orders: dict[tuple[int, int, int], list[int]] = {}


def order(count: int, seed: int, epoch: int) -> list[int]:
    key = (count, seed, epoch)
    if key not in _orders:
        _orders.clear()
        _orders[key] = random.Random(f"{seed}:{epoch}").sample(range(count), count)
    return _orders[key]


def optimiser_of(schedule: Schedule, parameters: Iterable[Any]) -> Any:
    from torch.optim import AdamW

    return AdamW(
        list(parameters), lr=schedule.learning_rate, weight_decay=schedule.weight_decay, eps=1e-8
    )


def descend(state: State, schedule: Schedule, total: int) -> float:
    """Change the weights by the gradients that are there; the gradient's norm before clipping."""
    from torch.nn.utils import clip_grad_norm_

    norm = clip_grad_norm_(state.parameters.values(), schedule.gradient_clip)
    for group in state.optimiser.param_groups:
        group["lr"] = rate(schedule, state.step, total)
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    return float(norm)


def going_on(state: State, work: Work) -> bool:
    """Take up the newest whole checkpoint; whether there was one."""
    found = checkpoints.newest_whole(work.folder.checkpoints, work.report.warn)
    if found is None:
        return False
    state.load(found)
    work.report.resumed(state.step)
    return True


def keep(
    state: State, schedule: Schedule, work: Work, before: Mapping[str, Any] | None = None
) -> None:
    """A checkpoint of the state as it is, or of how it was `before`."""
    kept = before or state.snapshot()
    with checkpoints.writing(work.folder.checkpoints, kept["step"]) as folder:
        write_state(folder, kept)
    checkpoints.prune(work.folder.checkpoints, schedule.keep_checkpoints)


Measures = Mapping[str, float]


@dataclass
class Loop:
    """`step(n)` changes the weights and returns its measures; `evaluate(n)` looks at held-out rows.

    A `breakable` step may raise Stopped; the checkpoint is then of the state before it.
    """

    state: State
    schedule: Schedule
    work: Work
    total: int
    step: Callable[[int], Measures]
    evaluate: Callable[[int], Measures]
    breakable: bool = False

    def run(self) -> None:
        """To the last step, or Stopped with a checkpoint kept."""
        state = self.state
        if not going_on(state, self.work) or due(state.step, self.schedule.evaluate_every):
            self._look()
        while state.step < self.total:
            began = time.monotonic()
            measures = self._done()
            seconds = {"seconds_per_step": time.monotonic() - began}
            self._after(dict(measures) | seconds)

    def _done(self) -> Measures:
        before = self.state.snapshot() if self.breakable else None
        try:
            return self.step(self.state.step)
        except Stopped:
            keep(self.state, self.schedule, self.work, before)
            raise

    def _after(self, measures: Measures) -> None:
        state, total, schedule = self.state, self.total, self.schedule
        state.step += 1
        self.work.report.progress(state.step, total)
        self.work.report.metrics(state.step, measures)
        last = state.step == total
        if last or due(state.step, schedule.evaluate_every):
            self._look()
        stopping = self.work.stop.wanted and not last
        if last or stopping or due(state.step, schedule.save_every):
            keep(state, schedule, self.work)
        if stopping:
            raise Stopped

    def _look(self) -> None:
        """At the held-out rows; a look that is broken off comes again when the run goes on."""
        try:
            found = self.evaluate(self.state.step)
        except Stopped:
            keep(self.state, self.schedule, self.work)
            raise
        if found:
            self.work.report.metrics(self.state.step, found)


def due(step: int, every: int) -> bool:
    return step % every == 0
