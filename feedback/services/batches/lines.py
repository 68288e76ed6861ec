"""A line to one model server: so many answers at a time, and patience while it fails.

While a server fails, it is asked for one answer at a time with growing pauses, so that a short
outage costs no prompt; one that goes on failing pauses the whole batch with its sentence.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic as now
from typing import TypeVar

from django.conf import settings

from llmkit.client import EngineClient
from llmkit.remote import RemoteClient
from llmkit.types import EngineError
from training import engines

R = TypeVar("R")
PLACES_ELSEWHERE = 4
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
MOST_TRIES = 3
MOST_FAILURES = 5
OF_THE_PROMPT = frozenset({"too_long", "invalid"})
HOPELESS = frozenset({"model_not_found", "model_failed", "refused"})
PATIENCE = {"unreachable": 90.0, "busy": 600.0}


class PausedError(Exception):
    """A server goes on failing; the text is its sentence."""


class Line:
    """One server, or one model of our engine: each has its own places."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.trouble = ""
        self._open = asyncio.Semaphore(places)
        self._probing = asyncio.Lock()
        self._answers = False
        self._failing: set[object] = set()
        self._failures = 0
        self._failing_since = 0.0
        self._failed_at = float("-inf")
        self._is_given_up = False

    async def ask(self, call: Callable[[], Awaitable[R]]) -> R:
        """What `call` gives, tried again while it may help.

        EngineError where it is the prompt's fault: the server says so, or it answers others and
        fails for this one alone, MOST_TRIES times. PausedError where it is the server's.
        """
        tries, me = 0, object()
        while True:
            try:
                async with self._open:
                    return await self._once(call)
            except EngineError as error:
                if error.code in OF_THE_PROMPT:
                    raise
                self._failing.add(me)
                tries += error.code not in PATIENCE
                if tries >= MOST_TRIES and self._answers and self._failing == {me}:
                    raise

    async def _once(self, call: Callable[[], Awaitable[R]]) -> R:
        if not self._failures:
            return await self._tried(call)
        async with self._probing:
            if self._is_given_up:
                raise PausedError(self.trouble)
            await asyncio.sleep(self._pause())
            return await self._tried(call)

    async def _tried(self, call: Callable[[], Awaitable[R]]) -> R:
        began = now()
        try:
            found = await call()
        except EngineError as error:
            if error.code not in OF_THE_PROMPT:
                self._count(error, began)
            raise
        self._failures, self.trouble, self._answers = 0, "", True
        self._failing.clear()
        return found

    def _pause(self) -> float:
        """Nothing where the server has recovered while this one waited for its turn."""
        if not self._failures:
            return 0.0
        return min(FIRST_PAUSE * 2 ** (self._failures - 1), LONGEST_PAUSE)

    def _count(self, error: EngineError, began: float) -> None:
        """Failures of answers that were being written at the same time count as one."""
        if began < self._failed_at:
            return
        if not self._failures:
            self._failing_since = now()
        self._failures += 1
        self._failed_at, self.trouble = now(), str(error)
        if self._is_too_much(error):
            self._is_given_up = True
            raise PausedError(str(error)) from error

    def _is_too_much(self, error: EngineError) -> bool:
        if error.code in HOPELESS:
            return True
        if error.code in PATIENCE:
            return now() - self._failing_since > PATIENCE[error.code]
        return self._failures >= MOST_FAILURES


async def places_for(client: EngineClient, model: str) -> int:
    """How many answers to ask for at once. Our engine keeps one place free for people who chat."""
    if isinstance(client, RemoteClient):
        return PLACES_ELSEWHERE
    base = model.partition(":")[0]
    try:
        known = (await client.health()).get("models")
    except EngineError:
        known = None
    facts = known.get(base) if isinstance(known, dict) else None
    capacity = facts.get("capacity") if isinstance(facts, dict) else None
    return max(1, (capacity or settings.ENGINE_MAX_RUNNING) - 1)


async def lines_to(models: Sequence[str]) -> list[Line]:
    """One line for each name, the same one where they share a server's places."""
    lines: dict[tuple[int, str], Line] = {}
    found = []
    for model in models:
        client = await engines.client_for(model)
        elsewhere = isinstance(client, RemoteClient)
        key = (id(client), "" if elsewhere else model.partition(":")[0])
        if key not in lines:
            lines[key] = Line(await places_for(client, model))
        found.append(lines[key])
    return found
