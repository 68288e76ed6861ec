"""A loop of gradient descent: rates, order of the rows, one step, checkpoints, a wish to stop."""

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from training.methods.schedule import Schedule
from training.run import checkpoints, memory
from training.run.errors import Stopped
from training.run.pace import LOOKING, SAVING, TRAINING
from training.run.patience import UNSEEN, Better, Patience, tell
from training.run.several import anybody, gathered, is_main, main_first, sum_gradients, wait
from training.run.state import State, chance, take_chance, write_state
from training.run.work import Work

T = TypeVar("T")


def seed_all(seed: int) -> None:
    import torch

    random.seed(seed)
    torch.manual_seed(seed)


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

    sum_gradients(state.parameters.values())
    norm = clip_grad_norm_(state.parameters.values(), schedule.gradient_clip)
    for group in state.optimiser.param_groups:
        group["lr"] = rate(schedule, state.step, total)
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    return float(norm)


def going_on(state: State, work: Work) -> bool:
    """Take up the newest whole checkpoint; whether there was one."""
    with main_first():
        found = checkpoints.newest_whole(work.folder.checkpoints, work.report.warn)
    if found is None:
        return False
    state.load(found)
    work.report.resumed(state.step)
    return True


Measures = Mapping[str, float]


@dataclass
class Loop:
    """`step(n)` changes the weights and returns its measures; `evaluate(n)` looks at held-out rows.

    A step's measures hold how many `tokens` it read and wrote. Both may raise Stopped;
    the checkpoint is then of the state before. `changes_within`: a step changes the weights before
    it is at its end, so that a copy is needed to go back to.
    """

    state: State
    schedule: Schedule
    work: Work
    total: int
    step: Callable[[int], Measures]
    evaluate: Callable[[int], Measures]
    changes_within: bool = False
    better: Better = field(default_factory=Better)

    def run(self) -> int | None:
        """To the last step, or as far as patience goes; Stopped with a checkpoint kept.

        Where there was patience, the state then has the best weights; returns their step.
        """
        state, schedule = self.state, self.schedule
        self._begin()
        if not self._going_on() or due(state.step, schedule.evaluate_every):
            self._look()
        while state.step < self.total and not self.patience.is_over:
            began = time.monotonic()
            measures = dict(self._done())
            self._after(measures | speed(measures, time.monotonic() - began))
        return self._best()

    def _begin(self) -> None:
        memory.begin()
        every = {LOOKING: self.schedule.evaluate_every, SAVING: self.schedule.save_every}
        self.work.report.pace.every = every
        self.work.report.phase(TRAINING)

    def _going_on(self) -> bool:
        found = going_on(self.state, self.work)
        seen = self.state.extra.get("patience", dict(UNSEEN))
        self.patience = Patience(self.schedule.patience, self.better, seen)
        return found

    def _done(self) -> Measures:
        """A broken step leaves the state as it was; one that changes it in between is undone."""
        before = self.state.snapshot() if self.changes_within else None
        drawn = chance()
        try:
            return self.step(self.state.step)
        except Stopped:
            take_chance(drawn)
            self._keep(before)
            raise

    def _after(self, measures: Measures) -> None:
        state, schedule = self.state, self.schedule
        state.step += 1
        self.work.report.progress(state.step, self.total)
        self.work.report.metrics(state.step, {**measures, **memory.measures()})
        if state.step == self.total or due(state.step, schedule.evaluate_every):
            self._look()
        last = state.step == self.total or self.patience.is_over
        stopping = anybody(self.work.stop.wanted) and not last
        best = self.patience.best == state.step
        if last or stopping or best or due(state.step, schedule.save_every):
            self._keep()
        if stopping:
            raise Stopped

    def _look(self) -> None:
        """At the held-out rows; a look that is broken off comes again when the run goes on."""
        self.work.report.phase(LOOKING)
        try:
            found = self.evaluate(self.state.step)
        except Stopped:
            self._keep()
            raise
        if found:
            self.work.report.metrics(self.state.step, found)
            self._weigh(found)
        self.work.report.phase(TRAINING)

    def _weigh(self, found: Measures) -> None:
        if self.patience.most:
            self.patience.look(self.state.step, found)
            self.state.extra = {**self.state.extra, "patience": self.patience.seen}

    def _keep(self, before: Mapping[str, Any] | None = None) -> None:
        """A checkpoint of the state as it is, or of how it was `before`."""
        self.work.report.phase(SAVING)
        kept = dict(before or self.state.snapshot())
        kept["chance"] = gathered(kept["chance"])
        if is_main():
            self._write(kept)
        wait()
        self.work.report.phase(TRAINING)

    def _write(self, kept: Mapping[str, Any]) -> None:
        root = self.work.folder.checkpoints
        with checkpoints.writing(root, kept["step"]) as folder:
            write_state(folder, kept)
        checkpoints.prune(root, self.schedule.keep_checkpoints, spare=self.patience.best)

    def _best(self) -> int | None:
        best, step = self.patience.best, self.state.step
        if best not in (None, step) and not self._taken(best):
            best = step
        tell(self.work, step=step, total=self.total, best=best, looks=self.schedule.patience)
        return best

    def _taken(self, best: int) -> bool:
        """Whether the best weights are there to be taken."""
        folder = checkpoints.folder_of(self.work.folder.checkpoints, best)
        if problem := checkpoints.problem_with(folder):
            told = f"The best weights, of step {best:,}, can't be used: {problem}. The last"
            self.work.report.warn(f"{told} ones are kept.")
            return False
        self.state.load_parameters(folder)
        self.state.step = best
        return True


def speed(measures: dict[str, float], seconds: float) -> dict[str, float]:
    """Takes the tokens out of the measures and puts a rate into their place."""
    tokens = measures.pop("tokens", 0.0)
    rates = {"tokens_per_second": tokens / seconds} if tokens and seconds else {}
    return {"seconds_per_step": seconds, **rates}


def due(step: int, every: int) -> bool:
    return step % every == 0
