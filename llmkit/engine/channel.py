"""The bridge from the scheduler's thread to the event loop that serves one client."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from llmkit.engine.requests import RequestEvent

MOST_UNREAD_EVENTS = 4096


class EventChannel:
    """`put` never blocks. A client that leaves too much unread has its request cancelled."""

    def __init__(self, on_overflow: Callable[[], None], limit: int = MOST_UNREAD_EVENTS) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._unread: deque[RequestEvent] = deque()
        self._on_overflow = on_overflow
        self._limit = limit

    def put(self, event: RequestEvent) -> None:
        """Called from any thread."""
        self._unread.append(event)
        if len(self._unread) > self._limit:
            self._on_overflow()
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to read
            self._loop.call_soon_threadsafe(self._ready.set)

    async def read(self, patience: float) -> list[RequestEvent]:
        """Everything unread, oldest first; empty after `patience` seconds of silence."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), patience)
        self._ready.clear()
        return [self._unread.popleft() for _ in range(len(self._unread))]
