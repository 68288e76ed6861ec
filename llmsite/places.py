"""How many requests are worked on at once: one interpreter serves them all, in turn.

Sixty threads that all want it take it from each other at every query that comes back, and from the
loop that streams: an event that needs a millisecond of it waits a third of a second. So requests
wait before they begin, first come, first served (docs/decisions/0018-the-web-process.md).
"""

import asyncio
from collections import deque
from time import monotonic

WIDTH = 4
STALL_SECONDS = 0.25


class Place:
    """Of one request, which enters once. Leaving without having entered, or twice, does nothing."""

    def __init__(self, places: "Places") -> None:
        self._places, self._is_inside = places, False
        self.since = 0.0

    async def enter(self) -> None:
        await self._places.admitted()
        self._is_inside, self.since = True, monotonic()

    def leave(self) -> None:
        if self._is_inside:
            self._is_inside = False
            self._places.free(self.since)


class Places:
    """`width` of them, and one more each time that somebody waits and none has come free for
    `stall` seconds: those who hold them then wait for something else than the interpreter, for
    another server perhaps, and slow requests keep nobody waiting for longer than that. A place that
    was added goes again with one of those it was added for.
    """

    def __init__(self, width: int = WIDTH, stall: float = STALL_SECONDS) -> None:
        self.width, self.stall = width, stall
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._added_at = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def free(self, since: float) -> None:
        """A place that somebody entered then."""
        self.taken -= 1
        if self.taken < self.width or since > self._added_at:
            self._admit()
        self._watch_anew()

    async def admitted(self) -> None:
        if self.taken < self.width and not self._waiting:
            self.taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if self._watch is None:
            self._watch_anew()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.free(monotonic())
            raise

    def _admit(self) -> None:
        """The first of those who still wait."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)
                return

    def _watch_anew(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(self.stall, self._add) if self._waiting else None

    def _add(self) -> None:
        self._added_at = monotonic()
        self._admit()
        self._watch = None
        self._watch_anew()
