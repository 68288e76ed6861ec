"""Everyone at once: pages that are open, people who chat, people who rank, runs, evaluations."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from proofs.chatting import Chatter
from proofs.ranking import Labeler
from proofs.site import WholeSite

ROWS = 64
OVERLAP = 3
LOOK_SECONDS = 2.0
ARRIVING_SECONDS = 60.0
FIRST_WORK_SECONDS = 120
PROCESS = {"run": "trainer", "evaluation": "evaluator"}


@dataclass
class Plan:
    """How many of everything, and for how long."""

    minutes: float
    sockets: int
    chatting: int
    labelers: int
    pause: float = 10.0
    steps: int = 300
    tokens: int = 120
    patient: bool = False

    @property
    def tasks(self) -> int:
        """As many as they could rank in that time, and some for those that are skipped."""
        rankings = self.labelers * self.minutes * 60 / max(1.0, self.pause)
        return int(rankings / OVERLAP * 1.3) + self.labelers


class Crowd:
    """Call `begin` once, then run `everything` or parts of it until a clock says so."""

    def __init__(self, site: WholeSite, plan: Plan) -> None:
        self.site, self.plan = site, plan
        self.model = site.settings["DEFAULT_MODEL"]
        self.chatters: list[Chatter] = []
        self.labelers: list[Labeler] = []
        self.asked: dict[str, list[str]] = {"run": [], "evaluation": []}
        self.refused: list[str] = []
        limits = httpx.Limits(max_connections=max(8, plan.labelers), keepalive_expiry=3)
        self.http = httpx.AsyncClient(timeout=60, limits=limits)

    async def begin(self) -> None:
        plan = self.plan
        counts = {"chatters": plan.sockets, "labelers": plan.labelers}
        people = await self.site.asked("begin", **counts, tasks=plan.tasks, overlap=OVERLAP)
        more = {"patient": plan.patient, "tokens": plan.tokens}
        pairs = zip(people["chatters"], people["conversations"], strict=True)
        self.chatters = [
            Chatter(n, session, conversation, self.site.url, self.model, **more)
            for n, (session, conversation) in enumerate(pairs)
        ]
        self.labelers = [
            Labeler(n, session, self.http, self.site.url, patient=plan.patient)
            for n, session in enumerate(people["labelers"])
        ]
        self.config = write_config(self.site.folder, self.model, plan.steps)

    @property
    def talking(self) -> list[Chatter]:
        return self.chatters[: self.plan.chatting]

    async def everything(self, until: Callable[[], bool]) -> None:
        """People come one after the other, not all in the same moment."""
        within = min(ARRIVING_SECONDS, self.plan.minutes * 60 / 6)
        async with asyncio.TaskGroup() as group:
            for chatter in self.chatters:
                group.create_task(chatter.sit(until, within))
            for chatter in self.talking:
                group.create_task(chatter.chat(until, within))
            for labeler in self.labelers:
                group.create_task(labeler.label(until, self.plan.pause))
            group.create_task(self.keep_working(until))

    async def talk(self, chatters: list[Chatter], until: Callable[[], bool]) -> None:
        """Only these, each with their page."""
        async with asyncio.TaskGroup() as group:
            for chatter in chatters:
                group.create_task(chatter.sit(until))
                group.create_task(chatter.chat(until))

    async def keep_working(self, until: Callable[[], bool], *, evaluate: bool = True) -> None:
        """One run and one evaluation at work or waiting at every moment."""
        while not until():
            states = {row["id"]: row["state"] for row in await self.site.asked("work")}
            for kind in ("run", "evaluation")[: 2 if evaluate else 1]:
                live = [i for i in self.asked[kind] if states.get(i) in ("waiting", "running")]
                if not live:
                    await self.ask_for(kind)
            await asyncio.sleep(LOOK_SECONDS)

    async def begin_work(self, kinds: Sequence[str]) -> None:
        """Ask for the first of each kind and wait a while for its process, which a worker that has
        just been started takes up late."""
        for kind in kinds:
            await self.ask_for(kind)
        waited = for_seconds(FIRST_WORK_SECONDS)
        while not waited() and not all(self.site.processes()[PROCESS[k]] for k in kinds):
            await asyncio.sleep(0.5)

    async def ask_for(self, kind: str) -> None:
        if kind == "run":
            found = await self.site.asked("train", config=str(self.config))
        else:
            name = f"look-{len(self.asked[kind]) + 1}"
            found = await self.site.asked("evaluate", model=self.model, name=name)
        if "refused" in found:
            self.refused.append(f"{kind}: {found['refused']}")
            return
        self.asked[kind].append(found["id"])

    async def close(self) -> None:
        await asyncio.gather(*(chatter.close() for chatter in self.chatters))
        await self.http.aclose()


def write_config(folder: Path, model: str, steps: int) -> Path:
    """A run's settings and its rows, beside the logs of nobody."""
    rows = [
        {"messages": [{"role": "user", "content": f"{n} + {n}?"}], "completion": f"It is {2 * n}."}
        for n in range(ROWS)
    ]
    place = folder / "asked"
    place.mkdir(exist_ok=True)
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {
        "name": "sums",
        "model": model,
        "dataset_file": "rows.jsonl",
        "max_steps": steps,
        "batch_size": 2,
        "save_every": max(5, steps // 10),
        "evaluate_every": steps,
        "sample_tokens": 0,
        "peft": {"kind": "lora", "rank": 4},
    }
    (place / "run.json").write_text(json.dumps(config))
    return place / "run.json"


def for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


@dataclass
class Pages:
    """Somebody who looks at pages, one after the other: seconds of each."""

    url: str
    session: str
    paths: list[str]
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def look(self, until: Callable[[], bool], pause: float = 0.25) -> None:
        headers = {"Cookie": self.session}
        async with httpx.AsyncClient(timeout=60, follow_redirects=True) as http:
            turn = 0
            while not until():
                path = self.paths[turn % len(self.paths)]
                began = time.perf_counter()
                await self._one(http, path, headers)
                self.seconds.append(time.perf_counter() - began)
                turn += 1
                await asyncio.sleep(pause)

    async def _one(self, http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
        try:
            answer = await http.get(self.url + path, headers=headers)
        except httpx.TransportError as error:
            self.errors.append(f"{path}: {error!r}")
            return
        if not answer.is_success:
            self.errors.append(f"{path}: {answer.status_code}")


def pages_of(site: WholeSite, chatter: Chatter) -> Pages:
    paths = ["/", "/chat/", f"/c/{chatter.conversation}/"]
    return Pages(site.url, chatter.headers["Cookie"], paths)


def summed(counters: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for counter in counters:
        for name, count in counter.items():
            found[name] = found.get(name, 0) + count
    return {name: count for name, count in sorted(found.items()) if count}
