"""People who rank over HTTP with unsteady hands and bad lines.

They drop connections before the answer comes, send the same again, send two at once, write in two
tabs, are overtaken by the clock, undo, and skip. What they were told is kept for the test to judge.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.running_site import ROOT, RunningSite

TOKEN = "t" * 32
SUBMIT = re.compile(r'data-submit="[^"]*/rank/(\d+)/submit/"')
KEEP_BOOK = "import django; django.setup(); from tests.faults import bookkeeper; bookkeeper.main()"
PLACES = 3
REFUSED = (400, 409, 410)


class Book:
    """A bookkeeper's process; see bookkeeper.py."""

    def __init__(self, site: RunningSite) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", KEEP_BOOK],
            cwd=ROOT,
            env=site.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=20)

    def ask(self, act: str, **more: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": act, **more}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the bookkeeper has died; its words are above"
        return json.loads(line)


@dataclass
class Heard:
    """`chosen`: which shown place was put first, by the key it was sent with; `kept`: the keys
    that were answered with a success."""

    chosen: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


class Person:
    """One signed-in labeler, whose requests go to any of the web processes."""

    def __init__(
        self, number: int, session: str, http: httpx.AsyncClient, sites: Sequence[str], book: Book
    ) -> None:
        self.number, self.http, self.sites, self.book = number, http, sites, book
        self.chance = random.Random(number)
        self.heard = Heard()
        cookie = f"sessionid={session}; csrftoken={TOKEN}"
        self.headers = {"Cookie": cookie, "X-CSRFToken": TOKEN}
        self._sent = 0

    async def rank(self) -> None:
        """Until nothing is left at the moment, or they have walked away from a task."""
        while (mine := await self.next_task()) is not None:
            if self.chance.random() < 0.08:
                self.heard.counts["walked away"] += 1
                return
            await self.work(mine)

    async def next_task(self) -> int | None:
        page = await self.ask("GET", "next/")
        found = SUBMIT.search(page.text)
        self.heard.counts["claims seen"] += bool(found)
        return int(found[1]) if found else None

    async def work(self, mine: int) -> None:
        act = self.chance.random()
        if act < 0.25:
            await self.write_in_two_tabs(mine)
        if act < 0.15 or act > 0.95:
            self.heard.counts["ran out"] += self.book.ask("run_out", pk=mine)
        if 0.3 < act < 0.36:
            await self.post(mine, "skip", {"reason": "Broken or empty"})
            return
        await self.submit(mine)
        if 0.4 < act < 0.48:
            await self.post(mine, "undo", {})
            await self.submit(mine)

    async def write_in_two_tabs(self, mine: int) -> None:
        """The second tab has not seen what the first one wrote."""
        draft = {"draft": {"comment": f"{self.number} at {mine}"}, "revision": 0}
        answers = await asyncio.gather(*(self.post(mine, "draft", draft) for _ in range(2)))
        assert sorted(a.status_code for a in answers)[0] in {200, *REFUSED}
        assert sum(a.is_success for a in answers) <= 1, "one of two drafts is stale"

    async def submit(self, mine: int) -> None:
        """Once, with a key of its own; sent again where no answer came, or from impatience."""
        self._sent += 1
        key, best = f"{self.number}:{mine}:{self._sent}", self.chance.randrange(PLACES)
        self.heard.chosen[key] = best
        rest = [place for place in range(PLACES) if place != best]
        said = {"set": 1, "key": key, "tiers": [[best], rest], "unranked": [], "line": None}
        hand = self.chance.random()
        if hand < 0.3:
            await self.drop(mine, said)
        for answer in await asyncio.gather(
            *(self.post(mine, "submit", said) for _ in range(2 if hand > 0.8 else 1))
        ):
            if answer.is_success:
                self.heard.kept.add(key)
        if hand > 0.92:
            again = await self.post(mine, "submit", {**said, "key": f"{key}:other"})
            assert again.status_code in REFUSED, "a task is submitted once"

    async def drop(self, mine: int, said: dict[str, Any]) -> None:
        """Hang up while the server is at it."""
        try:
            async with asyncio.timeout(self.chance.uniform(0, 0.6)):
                await self.post(mine, "submit", said)
        except TimeoutError:
            self.heard.counts["dropped"] += 1

    async def post(self, mine: int, act: str, body: dict[str, Any]) -> httpx.Response:
        return await self.ask("POST", f"{mine}/{act}/", json=body)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        address = f"{self.chance.choice(self.sites)}/feedback/crowd/rank/{path}"
        self.heard.counts["requests"] += 1
        answer = await self.http.request(method, address, headers=self.headers, **more)
        assert answer.is_success or answer.status_code in REFUSED, answer.text[:500]
        self.heard.counts["refused"] += not answer.is_success
        return answer


async def rank_everything(
    sessions: Sequence[str], sites: Sequence[str], book: Book, places: int
) -> list[Heard]:
    """In waves, for who walks away holds a task until its time is over."""
    limits = httpx.Limits(max_connections=len(sessions), keepalive_expiry=3)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:
        people = [Person(n, key, http, sites, book) for n, key in enumerate(sessions)]
        for _ in range(10):
            await asyncio.gather(*(person.rank() for person in people))
            if book.ask("filled") == places:
                break
            book.ask("run_out")
    return [person.heard for person in people]
