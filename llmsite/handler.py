"""How the web process runs Django: a request is one thread's work, and threads keep what they open.

Django's own ASGI handler starts a thread for each request, enters it anew for every middleware and
opens the database in it. On the embedded database that took 9 of the 12 milliseconds that a page
with nothing on it cost (docs/decisions/0018-the-web-process.md).
"""

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase

from llmsite.places import Place, Places

MOST_IDLE = 32
PLACE = "llmsite.place"


class Threads:
    """Single threads to lend. One that comes back serves again, with its database connection.

    There is always one to be had, so that slow requests keep nobody waiting; those that a crowd
    leaves behind beyond `most_idle` end.
    """

    def __init__(self, most_idle: int = MOST_IDLE) -> None:
        self._most_idle = most_idle
        self._idle: list[ThreadPoolExecutor] = []

    @contextmanager
    def lent(self) -> Iterator["Lent"]:
        """Taken with the first call that it is to make."""
        lent = Lent(self)
        try:
            yield lent
        finally:
            lent.give_back()

    def take(self) -> ThreadPoolExecutor:
        return self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")

    def give_back(self, thread: ThreadPoolExecutor) -> None:
        if len(self._idle) < self._most_idle:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)


class Lent(Executor):
    """One thread for one request; whoever only waits has none."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._thread: ThreadPoolExecutor | None = None

    def submit(self, *call: Any, **more: Any) -> "Future[Any]":
        self._thread = self._thread or self._threads.take()
        return self._thread.submit(*call, **more)

    def give_back(self) -> None:
        if self._thread is not None:
            self._threads.give_back(self._thread)


def whole(receive: Any, place: Place) -> Any:
    """`receive`, which enters the place once the request is there: a slow sender holds none."""

    async def received() -> Any:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            await place.enter()
        return message

    return received


class Handler(ASGIHandler):
    """Django's, but all middleware of a request and its view run in one go in a lent thread, few
    requests at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = Threads()
        self.places = Places()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        place = Place(self.places)
        try:
            with self._threads.lent() as thread:
                async with ThreadSensitiveContext(executor=thread):
                    await self.handle({**scope, PLACE: place}, whole(receive, place), send)
        finally:
            place.leave()

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """What is left to do then is sending it, which may take long."""
        try:
            return await sync_to_async(self.get_response)(request)
        finally:
            request.scope[PLACE].leave()  # type: ignore[attr-defined]


def application() -> Handler:
    """Django, set up."""
    django.setup(set_prefix=False)
    return Handler()
