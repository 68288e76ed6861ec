"""In-flight batching: choices join and leave the running batch between steps.

A step drops what was cancelled, reads a bounded piece of waiting prompts, and appends one token to
every running row. The rows 0..B-1 of the cache are the decoding choices in the order of `_rows`;
one choice whose prompt is partly read may sit behind them, in row B.
"""

import contextlib
import logging
import threading
import time
from collections import deque

import torch

from llmkit.engine.requests import (
    Choice,
    Done,
    Failed,
    GenerationRequest,
    RequestEvent,
    Text,
    requests_of,
    stopped,
)
from llmkit.engine.runner import PREFILL_PIECE, Runner, common_pieces
from llmkit.engine.sampling import Draw, sample, uniform
from llmkit.types import EngineError, FinishReason

logger = logging.getLogger(__name__)

PREFILL_BUDGET = 256


class Scheduler:
    """The queue and the batch of one model. `step` belongs to one thread; the rest to any."""

    def __init__(self, runner: Runner, *, max_running: int = 8, max_waiting: int = 64) -> None:
        self.runner = runner
        self.loaded = runner.loaded
        self.max_running = max_running
        self.max_waiting = max_waiting
        self.steps = 0
        self._rows: list[Choice] = []
        self._reading: Choice | None = None
        self._waiting: deque[Choice] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.idle = threading.Event()
        self._thread: threading.Thread | None = None

    # -- any thread ------------------------------------------------------------------------------

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request, or EngineError(busy) when its choices do not fit any more."""
        with self._changed:
            if self._closed:
                raise stopped()
            room = self.max_running + self.max_waiting - self.running - len(self._waiting)
            if len(request.choices) > room:
                raise EngineError(
                    f"{self.loaded.name} is busy: {self.waiting} requests are waiting already. "
                    "Try again in a moment.",
                    code="busy",
                )
            self._waiting.extend(request.choices)
            self._tell_positions()
            self.idle.clear()
            self._changed.notify()

    def cancel(self, request: GenerationRequest) -> str:
        """Ask for an end; the state it was in. The next step frees what it held."""
        with self._changed:
            queued = any(choice.request is request for choice in self._waiting)
            request.cancel()
            self._changed.notify()
        return "queued" if queued else "running"

    @property
    def running(self) -> int:
        return len(self._rows) + (self._reading is not None)

    @property
    def waiting(self) -> int:
        """How many requests have not started."""
        return len(self._queue())

    def start(self) -> None:
        name = f"engine-{self.loaded.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, timeout: float = 2) -> None:
        """End every request with an error and stop the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)
        else:
            self._fail_all(stopped())

    # -- the scheduler's thread ------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait_for_work():
            try:
                self.step()
            except Exception:
                logger.exception("A step of %s failed", self.loaded.name)
                self.fail_running()
        self._fail_all(stopped())

    def _wait_for_work(self) -> bool:
        with self._changed:
            if not self._has_work():
                self.runner.release()
                self.idle.set()
            self._changed.wait_for(lambda: self._closed or self._has_work())
            return not self._closed

    def _has_work(self) -> bool:
        return bool(self._rows or self._reading or self._waiting)

    def step(self) -> None:
        """One round: drop, admit and read, append a token to every row."""
        self.steps += 1
        self._drop_cancelled()
        self._read_prompts()
        if self._rows:
            self._append_tokens()

    def _drop_cancelled(self) -> None:
        with self._changed:
            gone = [choice for choice in self._waiting if choice.request.cancelled]
            if gone:
                self._waiting = deque(c for c in self._waiting if not c.request.cancelled)
        for choice in [*gone, *(c for c in self._held() if c.request.cancelled)]:
            self._show(choice, choice.writer.flush())
            self._finish(choice, "cancelled")
        if gone:
            self._tell_positions()

    def _read_prompts(self) -> None:
        """Read prompts up to the budget; one piece a step while others wait for their token.

        Pieces always begin at multiples of PREFILL_PIECE: a prompt's arithmetic is the same
        whatever else runs.
        """
        budget = PREFILL_PIECE if self._rows else PREFILL_BUDGET
        while budget > 0 and (choice := self._reading or self._admit()):
            budget -= self._read_piece(choice)

    def _admit(self) -> Choice | None:
        with self._changed:
            if not self._waiting or self.running >= self.max_running:
                return None
            choice = self._reading = self._waiting.popleft()
            choice.request.tell_position(0)
            self._tell_positions()
        choice.seen = self._seen(choice)
        self._take_over_prefix(choice)
        return choice

    def _take_over_prefix(self, choice: Choice) -> None:
        """Copy what a running row has read of the same beginning, in whole pieces.

        The copy holds what reading would have written, so it changes no answer.
        """
        shared = [common_pieces(choice.prompt, other.prompt) for other in self._rows]
        choice.filled = max(shared, default=0)
        if choice.filled:
            self.runner.copy_prefix(shared.index(choice.filled), len(self._rows), choice.filled)

    def _seen(self, choice: Choice) -> torch.Tensor | None:
        if choice.request.settings.repetition_penalty == 1:
            return None
        seen = torch.zeros(self.loaded.vocabulary, dtype=torch.bool, device=self.loaded.device)
        seen[choice.prompt] = True
        return seen

    def _read_piece(self, choice: Choice) -> int:
        """Read the next piece of the choice's prompt; the number of tokens."""
        piece = choice.prompt[choice.filled : choice.filled + PREFILL_PIECE]
        logits = self.runner.prefill(len(self._rows), piece, choice.filled)
        choice.filled += len(piece)
        if choice.prompt_done:
            self._reading = None
            self._rows.append(choice)
            self._accept([choice], logits)
        return len(piece)

    def _append_tokens(self) -> None:
        rows = list(self._rows)
        tokens = [choice.tokens[-1] for choice in rows]
        logits = self.runner.decode(tokens, [choice.filled for choice in rows])
        for choice in rows:
            choice.filled += 1
        self._accept(rows, logits)

    def _accept(self, rows: list[Choice], logits: torch.Tensor) -> None:
        with torch.inference_mode():
            tokens = sample(logits, [draw_of(choice) for choice in rows])
        for choice, token in zip(rows, tokens, strict=True):
            self._take(choice, token)

    def _take(self, choice: Choice, token: int) -> None:
        choice.tokens.append(token)
        choice.request.first_token = choice.request.first_token or time.monotonic()
        if choice.seen is not None:
            choice.seen[token] = True
        if token in self.loaded.eos:
            self._show(choice, choice.writer.flush())
            self._finish(choice, "stop")
            return
        text, stopped = choice.writer.push(token)
        self._show(choice, text)
        if stopped:
            self._finish(choice, "stop")
        elif len(choice.tokens) >= choice.limit:
            self._show(choice, choice.writer.flush())
            self._finish(choice, "length")

    def _show(self, choice: Choice, text: str) -> None:
        if text:
            self._emit(choice, Text(choice.index, text))

    def _finish(self, choice: Choice, reason: FinishReason) -> None:
        self._leave(choice)
        choice.finished = reason
        if choice.request.over:
            choice.request.ended = time.monotonic()
        self._emit(choice, Done(choice.index, reason))

    def _leave(self, choice: Choice) -> None:
        """Free its row: the last decoding row fills the hole, the one being read follows."""
        if choice is self._reading:
            self._reading = None
        elif choice in self._rows:
            hole, last = self._rows.index(choice), len(self._rows) - 1
            self._rows[hole] = self._rows[last]
            self._rows.pop()
            if hole != last:
                self.runner.move_row(last, hole, self._rows[hole].filled)
            if self._reading is not None:
                self.runner.move_row(last + 1, last, self._reading.filled)

    # -- telling ---------------------------------------------------------------------------------

    def _emit(self, choice: Choice, event: RequestEvent) -> None:
        choice.request.sink(event)

    def _queue(self) -> list[GenerationRequest]:
        """The requests of which nothing has started, oldest first."""
        with self._changed:
            queued = requests_of(self._waiting)
            return [request for request in queued if request.choices[0] in self._waiting]

    def _tell_positions(self) -> None:
        """Under the lock, so that no one is told an older position after a newer one."""
        with self._changed:
            for position, request in enumerate(self._queue(), start=1):
                request.tell_position(position)

    def fail_running(self) -> None:
        """After a step that raised: end what it held with an error, keep what waits."""
        error = EngineError("The engine failed while it was answering. Try again.")
        self._fail(self._let_go(), error)
        self.runner.release()

    def _fail_all(self, error: EngineError) -> None:
        with self._changed:
            waiting = list(self._waiting)
            self._waiting.clear()
        self._fail([*self._let_go(), *waiting], error)

    def _held(self) -> list[Choice]:
        return [*self._rows, *([self._reading] if self._reading else [])]

    def _let_go(self) -> list[Choice]:
        held = self._held()
        self._rows, self._reading = [], None
        return held

    def _fail(self, choices: list[Choice], error: EngineError) -> None:
        for request in requests_of(choices):
            with contextlib.suppress(Exception):
                request.sink(Failed(error))


def draw_of(choice: Choice) -> Draw:
    settings = choice.request.settings
    return Draw(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        uniform=0.0 if settings.greedy else uniform(choice.seed, len(choice.tokens)),
        repetition_penalty=settings.repetition_penalty,
        seen=choice.seen,
    )
