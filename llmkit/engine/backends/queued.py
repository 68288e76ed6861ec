"""What every backend of ours shares: a bounded FIFO in front of it and a thread that works it."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmkit.engine.backends.writing import end_cancelled
from llmkit.engine.inspection import Inspection, InspectionQueue
from llmkit.engine.requests import Choice, Failed, GenerationRequest, requests_of, stopped
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

logger = logging.getLogger(__name__)


class QueuedBackend:
    """A queue of choices and a thread. `step` belongs to that thread; the rest to any.

    A subclass says what it holds, does one round of work, lets go of a choice or of whatever a
    failed round worked on, and gives memory back.
    """

    kind = "queued"

    def __init__(
        self, loaded: "LoadedModel", *, max_running: int = 8, max_waiting: int = 64
    ) -> None:
        self.loaded = loaded
        self.max_running = max_running
        self.max_waiting = max_waiting
        self.idle = threading.Event()
        self._waiting: deque[Choice] = deque()
        self._looks = InspectionQueue()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    # -- what a subclass does --------------------------------------------------------------------

    def held(self) -> list[Choice]:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError

    def leave(self, choice: Choice) -> None:
        raise NotImplementedError

    def let_go(self) -> list[Choice]:
        """Drop what the round that raised was working on; those choices."""
        raise NotImplementedError

    def release(self) -> None:
        """Give memory back; called when nothing runs."""

    # -- any thread ------------------------------------------------------------------------------

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request, or EngineError(busy) when its choices do not fit any more."""
        with self._changed:
            if self._closed:
                raise stopped()
            room = self.max_running + self.max_waiting - self.running - len(self._waiting)
            if len(request.choices) > room:
                raise busy(self.loaded.name, self.waiting)
            self._waiting.extend(request.choices)
            self._tell_positions()
            self.idle.clear()
            self._wake()

    def cancel(self, request: GenerationRequest) -> str:
        """Ask for an end; the state it was in. The next step frees what it held."""
        with self._changed:
            queued = any(choice.request is request for choice in self._waiting)
            request.cancel()
            self._wake()
        return "queued" if queued else "running"

    def inspect(self, inspection: Inspection) -> None:
        """Queue a look at an answer; EngineError: busy, or interrupted when it is closed."""
        with self._changed:
            if self._closed:
                raise stopped()
            self._looks.put(inspection)
            self.idle.clear()
            self._wake()

    @property
    def running(self) -> int:
        return len(self.held())

    @property
    def waiting(self) -> int:
        """How many requests have not started."""
        return len(self._queue())

    def start(self) -> None:
        name = f"engine-{self.kind}-{self.loaded.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, timeout: float = 2) -> None:
        """End every request with an error and stop the thread."""
        with self._changed:
            self._closed = True
            self._wake()
        if self._thread is not None:
            self._thread.join(timeout)
        else:
            self._fail_all(stopped())

    # -- the backend's thread --------------------------------------------------------------------

    def _wake(self) -> None:
        self._changed.notify()

    def _run(self) -> None:
        while self._wait_for_work():
            try:
                self.step()
            except Exception:
                logger.exception("A step of %s failed", self.loaded.name)
                self.fail_running()
            self.look()
        self._fail_all(stopped())

    def look(self) -> None:
        """A piece of the oldest look at an answer, between two steps."""
        self._looks.step()

    def _wait_for_work(self) -> bool:
        with self._changed:
            if not self._has_work():
                self.release()
                self.idle.set()
            self._changed.wait_for(lambda: self._closed or self._has_work())
            return not self._closed

    def _has_work(self) -> bool:
        return bool(self._waiting or self._looks or self.held())

    def drop_cancelled(self) -> None:
        with self._changed:
            gone = [choice for choice in self._waiting if choice.request.cancelled]
            if gone:
                self._waiting = deque(c for c in self._waiting if not c.request.cancelled)
        for choice in gone:
            end_cancelled(choice)
        for choice in [c for c in self.held() if c.request.cancelled]:
            self.leave(choice)
            end_cancelled(choice)
        if gone:
            self._tell_positions()

    # -- telling ---------------------------------------------------------------------------------

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
        """After a step that raised: end what it worked on with an error, keep what waits."""
        fail(self.let_go(), EngineError("The engine failed while it was answering. Try again."))

    def _fail_all(self, error: EngineError) -> None:
        with self._changed:
            waiting = list(self._waiting)
            self._waiting.clear()
        self._looks.fail_all(error)
        held = self.held()
        for choice in held:
            self.leave(choice)
        fail([*held, *waiting], error)


def busy(name: str, waiting: int) -> EngineError:
    return EngineError(
        f"{name} is busy: {waiting} requests are waiting already. Try again in a moment.",
        code="busy",
    )


def fail(choices: Iterable[Choice], error: EngineError) -> None:
    for request in requests_of(choices):
        with contextlib.suppress(Exception):
            request.sink(Failed(error))
