"""People who chat: a page's socket each, plain requests, and a memory of what they were shown."""

import asyncio
import contextlib
import html
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from tests.faults.crowd import TOKEN
from tests.processes import COPIED, FORM, LIVE, MESSAGE, Watcher

PATIENCE_SECONDS = 90
AGAIN_SECONDS = 1.0


@dataclass
class Said:
    """One message: whether the site took it, and what was seen of its answer."""

    text: str
    accepted: bool = False
    message: int = 0
    seen: str = ""
    state: str = ""
    sent: float = 0
    first: float | None = None
    ended: float | None = None


@dataclass
class Heard:
    """`torn`: answers that were told with a gap, a repetition or another text; `cut` counts the
    sockets that ended though nobody closed them."""

    said: list[Said] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


class Chatter:
    """One person with one conversation open. `patient`: faults are expected and waited out."""

    def __init__(
        self, number: int, session: str, conversation: str, url: str, model: str, **more: Any
    ) -> None:
        self.number, self.conversation, self.url = number, conversation, url
        self.patient: bool = more.get("patient", False)
        self.pause: float = more.get("pause", 2.0)
        cookie = f"sessionid={session}; csrftoken={TOKEN}"
        self.headers = {"Cookie": cookie, "X-CSRFToken": TOKEN}
        self.form = FORM | {"model": model, "max_tokens": str(more.get("tokens", 120))}
        self.chance = random.Random(number)
        self.heard = Heard()
        self.socket: ClientConnection | None = None
        self.http = httpx.AsyncClient(timeout=60, limits=httpx.Limits(keepalive_expiry=3))
        self._watcher: Any = None
        self._attached = self._busy = False

    # The page

    async def sit(self, until: Callable[[], bool], within: float = 0) -> None:
        """Come within so many seconds and keep the page open; it reads what it is sent, and is
        opened again when it is cut off."""
        await asyncio.sleep(self.chance.uniform(0, within))
        while not until() or self._busy:
            try:
                await self._open(until)
            except (OSError, WebSocketException, TimeoutError) as error:
                self.heard.cut.append(f"page {self.number}: {error!r}"[:300])
                await asyncio.sleep(AGAIN_SECONDS)

    async def _open(self, until: Callable[[], bool]) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}/ws/c/{self.conversation}/"
        cookie = {"Cookie": self.headers["Cookie"]}
        async with connect(
            address, origin=Origin(self.url), additional_headers=cookie, open_timeout=60
        ) as socket:
            self.socket = socket
            self.heard.counts["sockets"] += 1
            if self._watcher is not None:
                await self._attach()
            while not until() or self._busy:
                with contextlib.suppress(TimeoutError):
                    self._take(json.loads(await asyncio.wait_for(socket.recv(), 1)))

    async def _attach(self) -> None:
        """What is told before the snapshot comes has no place yet, so it is passed over."""
        assert self.socket is not None  # noqa: S101
        self._attached = False
        have = {"message": self._watcher.message, "have": len(self._watcher.text)}
        await self.socket.send(json.dumps(have))

    def _take(self, event: dict[str, Any]) -> None:
        watcher, now = self._watcher, time.monotonic()
        if watcher is None or event.get("message") != watcher.message:
            return
        self._attached = self._attached or event["type"] == "snapshot"
        if not self._attached:
            return
        try:
            watcher.take(event)
        except AssertionError as error:
            self.heard.torn.append(f"message {watcher.message}: {error or 'text is missing'}")
        said = self.heard.said[-1]
        said.seen, said.state = watcher.text, watcher.state
        if said.seen and said.first is None:
            said.first = now
        if watcher.state not in LIVE:
            said.ended = said.ended or now

    def cut(self) -> bool:
        """The network is gone, without a word to anybody."""
        if self.socket is None:
            return False
        self.socket.transport.abort()
        return True

    # Talking

    async def chat(self, until: Callable[[], bool], within: float = 0) -> None:
        """Say something, read the answer to its end, think, and again."""
        await asyncio.sleep(self.chance.uniform(0, within))
        while not until():
            self._busy = True
            try:
                await self._say(f"{self.number}-{len(self.heard.said)}: tell me something.")
            except httpx.TransportError as error:
                self._failed(f"sending: {error!r}")
                await asyncio.sleep(AGAIN_SECONDS)
            finally:
                self._busy = False
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * self.pause)

    async def _say(self, text: str) -> None:
        said = Said(text, sent=time.monotonic())
        self._watcher = None
        self.heard.said.append(said)
        answer = await self.http.post(
            f"{self.url}/c/{self.conversation}/send",
            data={**self.form, "text": text},
            headers=self.headers,
        )
        if answer.status_code != 200:
            self._refused(answer)
            return
        said.accepted, said.message = True, int(MESSAGE.findall(answer.text)[-1])
        self.heard.counts["accepted"] += 1
        await self._read(said)

    async def _read(self, said: Said) -> None:
        """What the socket tells of it, to the end, over as many sockets as it takes."""
        self._watcher = Watcher(None, said.message)  # type: ignore[arg-type]
        deadline = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(OSError, WebSocketException):
            if self.socket is not None:
                await self._attach()
        while said.ended is None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        self.heard.counts[said.state if said.ended else "never ended"] += 1
        if said.ended is not None:
            await self._show_whole(said, deadline)
        elif not self.patient:
            self.heard.errors.append(f"message {said.message} did not end")

    async def _show_whole(self, said: Said, deadline: float) -> None:
        """As a page does at the end: it draws the whole answer, which goes on from what was told,
        and with no fault about was told to its last character."""
        while (whole := await self._whole(said.message)) is None and time.monotonic() < deadline:
            await asyncio.sleep(AGAIN_SECONDS)
        if whole is None:
            return
        if not whole.startswith(said.seen) or (whole != said.seen and not self.patient):
            self.heard.torn.append(f"message {said.message}: {len(said.seen)} characters were told")
        said.seen = whole

    async def _whole(self, message: int) -> str | None:
        with contextlib.suppress(httpx.TransportError):
            page = await self.http.get(f"{self.url}/m/{message}/", headers=self.headers)
            if page.status_code == 200:
                found = COPIED.search(page.text)
                return html.unescape(found[1]) if found else ""
        return None

    def _refused(self, answer: httpx.Response) -> None:
        self.heard.counts[f"answered {answer.status_code}"] += 1
        if not self.patient:
            self.heard.errors.append(f"sending: {answer.status_code} {answer.text[:200]}")

    def _failed(self, what: str) -> None:
        self.heard.counts["not sent"] += 1
        if not self.patient:
            self.heard.errors.append(what)

    async def close(self) -> None:
        await self.http.aclose()


@dataclass
class Compared:
    """What the database says of what people were told. Every list names what is wrong."""

    messages: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def compared(heard: list[Heard], stored: list[dict[str, Any]]) -> Compared:
    """`stored` as inside.py tells it. What was accepted is there once, with one answer, which
    begins with what was shown of it, and where its end was shown, is that."""
    found = Compared()
    turns: dict[str, list[dict[str, Any]]] = {}
    for turn in stored:
        turns.setdefault(turn["text"], []).append(turn)
    for said in (said for each in heard for said in each.said):
        compare(said, turns.get(said.text, []), found)
    return found


def compare(said: Said, there: list[dict[str, Any]], found: Compared) -> None:
    if said.accepted:
        found.messages += 1
        if not there:
            found.lost.append(f"{said.text} was accepted and is not there")
    if len(there) > 1:
        found.twice.append(f"{said.text} is there {len(there)} times")
    for turn in there:
        if len(turn["answers"]) > 1:
            found.twice.append(f"{said.text} was answered {len(turn['answers'])} times")
        if not turn["answers"]:
            found.lost.append(f"{said.text} has no answer")
        for answer in turn["answers"]:
            if answer["message"] == said.message:
                compare_texts(said, answer, found)


def compare_texts(said: Said, answer: dict[str, Any], found: Compared) -> None:
    text: str = answer["text"]
    if not text.startswith(said.seen):
        found.different.append(f"{said.text}: shown {len(said.seen)} characters that are not kept")
    elif said.state == "done" and text != said.seen:
        found.different.append(f"{said.text}: shown {len(said.seen)} of {len(text)} characters")
