"""The whole web stack compared with the engine alone: the same request both ways, in alternation.

    python bench/stack.py data/models/SmolLM2-135M-Instruct --rounds 3 --tokens 64

"Engine alone" is one streamed HTTP request to a running engine. "Through the stack" is what an
open page sees: the form is posted to a running web process, the answer comes over the socket, its
end is told once it is stored. Both write the same answer, greedily. Each round measures
both, taking turns at being first, and its ratio is taken before the median.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

from bench.result import tell
from llmkit.client import EngineClient
from llmkit.types import ChatMessage, Delta, Finished, GenerationSettings
from tests.processes import LIVE, MESSAGE, Chatter, Watcher
from tests.running_site import RunningSite

FIRST = "Hello."
THINGS = ("a lighthouse", "rain", "a market", "bread", "a garden", "the wind", "ants", "the moon")
QUESTIONS = [f"Write a long story about {thing}." for thing in THINGS]


class Seen(NamedTuple):
    """Seconds to the first text and to the end; whether the answer was cut at its last token."""

    first: float
    whole: float
    cut: bool


Ask = Callable[[str], Awaitable[Seen]]
Way = Callable[[Chatter], AbstractAsyncContextManager[Ask]]


class Measured(NamedTuple):
    """What everyone saw, and the processor seconds that engine and web process spent on it."""

    seen: list[Seen]
    processor: float


Round = tuple[Measured, Measured]


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="llmsite-bench-") as folder:
        site = started(Path(folder), options.folder.resolve(), options.threads)
        try:
            for users in options.users:
                rounds = asyncio.run(Bench(site, options, users).run())
                tell_all(rounds, users, options.tokens)
        finally:
            site.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--users", type=int, nargs="+", default=[1, len(QUESTIONS)])
    return parser.parse_args()


def started(folder: Path, model: Path, threads: int) -> RunningSite:
    """An engine with that one model, and a web process beside it."""
    (folder / "models").mkdir()
    (folder / "models" / model.name).symlink_to(model)
    number = str(threads)
    site = RunningSite(folder, settings={"DEFAULT_MODEL": model.name, "THREADS": number})
    site.prepare()
    site.start_engine()
    site.start_web()
    return site


class Bench:
    """`users` people who ask at once; each round in conversations of their own."""

    def __init__(self, site: RunningSite, options: argparse.Namespace, users: int) -> None:
        self.site = site
        self.model = options.folder.name
        self.rounds = options.rounds
        self.settings = GenerationSettings(max_tokens=options.tokens, temperature=0)
        self.questions = QUESTIONS[:users]

    async def run(self) -> list[Round]:
        """(engine alone, through the stack) per round, after one round to warm up."""
        return [await self.round(turn) for turn in range(self.rounds + 1)][1:]

    async def round(self, turn: int) -> Round:
        pages = [await asyncio.to_thread(self.begin) for _ in self.questions]
        if turn % 2:
            alone = await self.all_at_once(self.alone, pages)
            through = await self.all_at_once(self.through, pages)
        else:
            through = await self.all_at_once(self.through, pages)
            alone = await self.all_at_once(self.alone, pages)
        if [seen.cut for seen in alone.seen] != [seen.cut for seen in through.seen]:
            raise SystemExit("The two ways did not write the same answers.")
        return alone, through

    async def all_at_once(self, way: Way, pages: Sequence[Chatter]) -> Measured:
        """Everyone's connections are open before the first of them asks."""
        async with AsyncExitStack() as stack:
            ready = [await stack.enter_async_context(way(page)) for page in pages]
            before = self.processor_seconds()
            asked = zip(ready, self.questions, strict=True)
            seen = await asyncio.gather(*(ask(question) for ask, question in asked))
            return Measured(seen, self.processor_seconds() - before)

    def processor_seconds(self) -> float:
        times = [psutil.Process(p.pid).cpu_times() for p in self.site.processes.values()]
        return sum(t.user + t.system for t in times)

    def begin(self) -> Chatter:
        """A conversation with one word in it, so that a page can be open before the question."""
        page = Chatter(self.site, self.site.owner())
        page.form |= {"model": self.model, "max_tokens": str(self.settings.max_tokens)}
        answer = page.send(FIRST, max_tokens="1")
        with page.watch(answer) as watcher:
            watcher.until_end()
        self.word = watcher.text
        return page

    @asynccontextmanager
    async def alone(self, page: Chatter) -> AsyncIterator[Ask]:
        client = EngineClient(self.site.engine_url)
        await client.has_extensions()
        try:
            yield partial(self.ask_engine, client)
        finally:
            await client.aclose()

    async def ask_engine(self, client: EngineClient, question: str) -> Seen:
        said = [("user", FIRST), ("assistant", self.word), ("user", question)]
        messages = [ChatMessage(role, content) for role, content in said]
        first, reason, started = 0.0, "", time.perf_counter()
        async for event in client.stream_chat(self.model, messages, self.settings):
            if isinstance(event, Delta) and event.text and not first:
                first = time.perf_counter() - started
            elif isinstance(event, Finished):
                reason = event.reason
        return Seen(first, time.perf_counter() - started, reason == "length")

    @asynccontextmanager
    async def through(self, page: Chatter) -> AsyncIterator[Ask]:
        async with connect(**page.socket_options()) as socket, browser(page) as http:
            await http.get("/health")
            yield partial(self.ask_page, page, socket, http)

    async def ask_page(
        self, page: Chatter, socket: ClientConnection, http: httpx.AsyncClient, question: str
    ) -> Seen:
        started = time.perf_counter()
        posted = await http.post(f"{page.path}/send", data=page.form | {"text": question})
        message = int(MESSAGE.findall(posted.raise_for_status().text)[-1])
        await socket.send(json.dumps({"message": message, "have": 0}))
        watcher, first = Watcher(socket, message), 0.0  # type: ignore[arg-type]
        while watcher.state in LIVE:
            event = json.loads(await socket.recv())
            if event.get("message") == message:
                watcher.take(event)
            if watcher.text and not first:
                first = time.perf_counter() - started
        whole = time.perf_counter() - started
        shown = await asyncio.to_thread(page.shown, message)
        return Seen(first, whole, "Continue" in shown)


def browser(page: Chatter) -> httpx.AsyncClient:
    cookies, own = page.client.cookies, page.headers
    return httpx.AsyncClient(base_url=page.site.url, cookies=cookies, headers=own, timeout=300)


def tell_all(rounds: Sequence[Round], users: int, tokens: int) -> None:
    """Speed is wanted high; the wait for the first text at most 1.3 times the engine's."""
    who = f"{users} user{'s' if users > 1 else ''}, {tokens} tokens"
    wholes = [[max(s.whole for s in way.seen) for way in both] for both in rounds]
    firsts = [[mean(s.first for s in way.seen) for way in both] for both in rounds]
    speeds = [alone / through for alone, through in wholes]
    waits = [through / alone for alone, through in firsts]
    added = 1000 * median(through - alone for alone, through in firsts)
    note = f"{added:.0f} ms more"
    costs = [alone.processor / through.processor for alone, through in rounds]
    tell(f"{who}: speed through the stack ÷ engine alone", "wall", speeds, target=0.95)
    tell(f"{who}: cost, engine alone ÷ engine and web", "processor", costs, target=0)
    what = f"{who}: wait for the first text, stack ÷ engine"
    tell(what, "wall", waits, target=1.3, note=note, at_most=True)


if __name__ == "__main__":
    main()
