"""Many pages open at once: nobody misses a character, and the web process gives its memory back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.llmkit.running_engine import running_engine
from tests.processes import LIVE, PATIENCE_SECONDS, Chatter, Watcher, eventually, load_of
from tests.running_site import RunningSite
from tests.tiny_model import build_tiny_model

pytestmark = pytest.mark.load

MODEL = "endless"
SOCKETS = 200
STREAMING = 20
WARM_UP_ROUNDS = 5
ROUNDS = 3
CHARACTERS = 50
TOLERANCE_BYTES = 4 * 2**20  # 10 kB for each page opened since


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """A fresh web process, and an engine that writes twenty answers at once, each slowly."""
    models = tmp_path / "models"
    build_tiny_model(models / MODEL, layers=16, window=8192, ends=False)
    with running_engine(models, max_running=STREAMING, max_waiting=0) as engine:
        port = int(engine.url.rpartition(":")[2])
        running = RunningSite(tmp_path, engine_port=port, settings={"DEFAULT_MODEL": MODEL})
        running.prepare()
        running.start_web()
        yield running
        running.close()


class Talk(NamedTuple):
    chatter: Chatter
    answer: int


class Tab:
    """An open page: it reads all that it is sent, and keeps the text of the answer it watches."""

    def __init__(self, talk: Talk, socket: ClientConnection) -> None:
        self.chatter, self.answer = talk
        self.socket = socket
        self.watcher: Any = None
        self.wrote, self.ended = asyncio.Event(), asyncio.Event()

    async def ask(self) -> None:
        message = await asyncio.to_thread(self.chatter.regenerate, self.answer)
        self.watcher = Watcher(self.socket, message)  # type: ignore[arg-type]
        await self.socket.send(json.dumps({"message": message, "have": 0}))

    async def read(self) -> None:
        """Until it is closed; being closed by the server in another way than normally fails."""
        async for text in self.socket:
            event = json.loads(text)
            if self.watcher and event.get("message") == self.watcher.message:
                self._take(self.watcher, event)

    def _take(self, watcher: Watcher, event: dict[str, Any]) -> None:
        watcher.take(event)
        if len(watcher.text) >= CHARACTERS:
            self.wrote.set()
        if watcher.state not in LIVE:
            self.ended.set()


@asynccontextmanager
async def tabs(talks: Sequence[Talk]) -> AsyncIterator[list[Tab]]:
    """One page for each, all open together."""
    async with AsyncExitStack() as stack:
        readers = await stack.enter_async_context(asyncio.TaskGroup())
        sockets = [connect(**talk.chatter.socket_options()) for talk in talks]
        entered = await asyncio.gather(*(stack.enter_async_context(socket) for socket in sockets))
        opened = [Tab(talk, socket) for talk, socket in zip(talks, entered, strict=True)]
        for tab in opened:
            readers.create_task(tab.read())
        yield opened


def begin(site: RunningSite) -> Talk:
    """A conversation whose one answer has ended; written again, it goes on and on."""
    chatter = Chatter(site, site.owner())
    chatter.form |= {"model": MODEL, "max_tokens": "8000"}
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        chatter.stop(answer)
        watcher.until_end()
    return Talk(chatter, answer)


async def one_round(site: RunningSite, talks: Sequence[Talk], idle: Talk) -> None:
    """All pages are open; each talk's new answer is seen to grow, is stopped and is complete."""
    waiting = [idle] * (SOCKETS - len(talks))
    async with tabs([*waiting, *talks]) as opened:
        streaming = opened[len(waiting) :]
        await asyncio.gather(*(tab.ask() for tab in streaming))
        await asyncio.gather(*(tab.wrote.wait() for tab in streaming))
        assert load_of(site, MODEL) == (STREAMING, 0)
        stop = (asyncio.to_thread(tab.chatter.stop, tab.watcher.message) for tab in streaming)
        await asyncio.gather(*stop)
        await asyncio.gather(*(tab.ended.wait() for tab in streaming))
    for tab in streaming:
        stored = await asyncio.to_thread(tab.chatter.text_of, tab.watcher.message)
        assert (tab.watcher.text, tab.watcher.state) == (stored, "stopped")


async def test_two_hundred_pages_and_twenty_answers_leave_no_memory_behind(
    site: RunningSite,
) -> None:
    web = psutil.Process(site.processes["web"].pid)
    idle, *talks = [begin(site) for _ in range(1 + STREAMING)]
    sizes = []
    for _ in range(WARM_UP_ROUNDS + ROUNDS):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await one_round(site, talks, idle)
        eventually("every socket is closed", lambda: sockets_of(web, site) <= 1)
        sizes.append(web.memory_info().rss)
    assert "Traceback" not in site.log("web")
    grown = sizes[-1] - sizes[WARM_UP_ROUNDS - 1]
    assert grown < TOLERANCE_BYTES, [f"{size / 2**20:.1f} MB" for size in sizes]


def sockets_of(web: psutil.Process, site: RunningSite) -> int:
    """Open connections from outside; the one that the owner's client keeps may be among them."""
    found = web.net_connections("tcp4")
    return sum(c.status == "ESTABLISHED" and c.laddr.port == site.port for c in found)
