"""How many requests are worked on at once: one interpreter serves them all, in turn.

Fifty threads that all want it make each other wait five milliseconds at every query that comes
back, so that a page of thirty queries takes half a minute and nothing is done sooner for it
(docs/decisions/0018-the-web-process.md). Here they wait before they begin, first come, first
served.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

READS = ("GET", "HEAD", "OPTIONS")
WIDTH = 2
PATIENCE_SECONDS = 0.5


class Lane:
    """At most `width` at once. Whoever takes longer than `patience` seconds waits for something
    else than the interpreter, a server for example, and is not counted any more: slow requests
    keep nobody waiting for longer than that.
    """

    def __init__(self, width: int = WIDTH, patience: float = PATIENCE_SECONDS) -> None:
        self._places = asyncio.Semaphore(width)
        self.patience = patience

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        await self._places.acquire()
        leaving = ExitStack()
        leaving.callback(self._places.release)
        slow = asyncio.get_running_loop().call_later(self.patience, leaving.close)
        try:
            yield
        finally:
            slow.cancel()
            leaving.close()


class Lanes:
    """Those who look never stand behind those who write, who may wait for the database."""

    def __init__(self) -> None:
        self._looking, self._writing = Lane(), Lane()

    def of(self, method: str | None) -> Lane:
        return self._looking if method in READS else self._writing
