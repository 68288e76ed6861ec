"""A working process as its worker sees it: events come in, and it can be ended at any moment."""

import json
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from django.conf import settings

GRACE_SECONDS = 3
GONE = {"error": "The process that does it ended without a word. The worker's log may say why."}


class ChildProcess:
    """`with ChildProcess(module, request) as child: event = child.next(seconds)`."""

    def __init__(self, module: str, request: dict[str, Any]) -> None:
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._told(request)
        threading.Thread(target=self._read, daemon=True).start()

    def _told(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put(GONE)

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The newest event, None where none came in time. One with `facts` or `error` is the
        last; progress that was overtaken is left out."""
        newest: dict[str, Any] | None = None
        with suppress(queue.Empty):
            newest = self._events.get(timeout=seconds)
            while not is_last(newest):
                newest = self._events.get_nowait()
        return newest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def is_last(event: dict[str, Any]) -> bool:
    return "facts" in event or "error" in event
