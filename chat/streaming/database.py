"""How streaming reaches the database: in threads, again and again while it is away."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeAlias, TypeVar

from channels.db import DatabaseSyncToAsync
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Write: TypeAlias = Callable[[list[T]], Sequence[Exception | None]]
log = logging.getLogger(__name__)

RETRY_SECONDS = (0.1, 0.3, 1, 2, 4, 8)
GIVE_UP_AFTER = 120


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run in a thread with a healthy connection, again and again while the database is away.

    Gives up after about GIVE_UP_AFTER tries of eight seconds, with the database's own error.
    """
    run: Callable[..., Awaitable[R]] = DatabaseSyncToAsync(function, thread_sensitive=False)
    return await retried(partial(run, *args, **kwargs))


async def retried(run: Callable[[], Awaitable[R]]) -> R:
    for attempt in range(GIVE_UP_AFTER):
        try:
            return await run()
        except (OperationalError, InterfaceError) as error:
            pause = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
            log.warning("The database does not answer (%s); trying again in %s s", error, pause)
            await asyncio.sleep(pause)
    return await run()


class Pen:
    """One thread and one connection for the bursts of all answers that this process writes.

    Opening a connection costs more than storing a burst. It is kept while any answer is being
    written, replaced when it has failed, and closed with the last of them. A transaction costs
    more than a row: bursts that come while one is written go into the next one together.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pen")
        self._holders = 0
        self._heap: deque[tuple[Write[Any], Any, Future[None]]] = deque()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self._thread.submit(connection.close)

    async def write(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run in the pen's thread, retried as `in_database` is."""
        call = partial(self._with_connection, partial(function, *args, **kwargs))
        loop = asyncio.get_running_loop()
        return await retried(lambda: loop.run_in_executor(self._thread, call))

    async def write_with_others(self, write: Write[T], item: T) -> None:
        """Hand `item` to `write` together with all that gathers for it while the pen is busy.

        `write` says for each item what became of it.
        """

        async def written() -> None:
            done: Future[None] = Future()
            self._heap.append((write, item, done))
            self._thread.submit(self._write_heap)
            await asyncio.wrap_future(done)

        await retried(written)

    def _write_heap(self) -> None:
        """The first call takes them all; those that were meant for the others find nothing."""
        taken = [self._heap.popleft() for _ in range(len(self._heap))]
        wanted = [entry for entry in taken if entry[2].set_running_or_notify_cancel()]
        for write in dict.fromkeys(entry[0] for entry in wanted):
            self._write_all(write, [(item, done) for w, item, done in wanted if w == write])

    def _write_all(self, write: Write[Any], wanted: list[tuple[Any, Future[None]]]) -> None:
        try:
            results = self._with_connection(lambda: write([item for item, _ in wanted]))
        except Exception as error:
            results = [error] * len(wanted)
        for (_, done), error_or_none in zip(wanted, results, strict=True):
            if error_or_none is None:
                done.set_result(None)
            else:
                done.set_exception(error_or_none)

    def _with_connection(self, call: Callable[[], R]) -> R:
        connection.close_if_unusable_or_obsolete()
        connection.ensure_connection()
        connection.close_at = None
        return call()


pen = Pen()
