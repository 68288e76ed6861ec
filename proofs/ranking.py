"""People who rank, as in tests/faults/crowd.py, at a person's pace and for as long as asked."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.crowd import Heard, Person


class UnansweredError(Exception):
    """The site answered with a fault."""


class NoClock:
    """Nobody turns the clock for them: claims run out by themselves."""

    def ask(self, act: str, **more: Any) -> int:
        return 0


class Labeler(Person):
    """`patient`: faults are expected, counted and tried again."""

    def __init__(
        self, number: int, session: str, http: httpx.AsyncClient, url: str, *, patient: bool
    ) -> None:
        super().__init__(number, session, http, [url], NoClock())  # type: ignore[arg-type]
        self.patient = patient
        self.errors: list[str] = []

    async def label(self, until: Callable[[], bool], pause: float) -> None:
        await asyncio.sleep(self.chance.uniform(0, pause))
        while not until():
            try:
                mine = await self.next_task()
                if mine is not None and self.chance.random() > 0.05:
                    await self.work(mine)
            except (httpx.TransportError, UnansweredError, AssertionError) as error:
                self.heard.counts["cut off"] += 1
                if not self.patient:
                    self.errors.append(f"ranking: {error!r}"[:400])
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * pause)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        address = f"{self.sites[0]}/feedback/crowd/rank/{path}"
        self.heard.counts["requests"] += 1
        answer = await self.http.request(method, address, headers=self.headers, **more)
        if answer.status_code >= 500 or answer.status_code in (403, 404):
            raise UnansweredError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        self.heard.counts["refused"] += not answer.is_success
        return answer


def ranked_wrongly(heard: list[Heard], found: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(what is lost, what is there twice) of the rankings that people were told are kept."""
    chosen = {key: best for each in heard for key, best in each.chosen.items()}
    kept = {key for each in heard for key in each.kept}
    stored = Counter(found["keys"])
    lost = [f"ranking {key} was accepted and is not there" for key in kept - set(stored)]
    for one in found["current"]:
        if one["key"] in chosen and one["shown"][chosen[one["key"]]] != one["best"]:
            lost.append(f"ranking {one['key']} says something else")
    twice = [f"ranking {key} is there {times} times" for key, times in stored.items() if times > 1]
    for what in ("slots", "holders"):
        pairs = Counter(tuple(pair) for pair in found[what])
        twice += [f"{what} {pair}: {times} rankings" for pair, times in pairs.items() if times > 1]
    return lost, twice
