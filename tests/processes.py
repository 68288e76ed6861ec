"""One engine for many sites, and people who chat over plain requests and a socket.

`TALKER` writes on and on up to a wide window and slowly enough to be caught in the middle of an
answer; the engine answers one request per model at a time and lets one more wait.
"""

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.running_site import NOBODY, RunningSite
from tests.tiny_model import TINY_MODEL, build_tiny_model

TALKER = "talker"
TALKER_WINDOW = 4096
PATIENCE_SECONDS = 120.0
LIVE = ("queued", "running")
COPIED = re.compile(r'data-copy="([^"]*)"')
MESSAGE = re.compile(r'data-message="(\d+)"')
ENGINE_SETTINGS = {
    "DEFAULT_MODEL": TINY_MODEL,
    "ENGINE_MAX_RUNNING": "1",
    "ENGINE_MAX_WAITING": "1",
}
FORM = {
    "model": TALKER,
    "system_prompt": "",
    "decoding": "greedy",
    "max_tokens": "3000",
    "temperature": "0.3",
    "top_k": "50",
    "top_p": "0.9",
    "repetition_penalty": "1.0",
    "seed": "",
    "stop": "",
}


def engine_in(folder: Path) -> RunningSite:
    """A folder with two tiny models, and an engine that serves what lies in its `models`."""
    build_tiny_model(folder / "models" / TINY_MODEL)
    build_tiny_model(folder / "models" / TALKER, layers=8, window=TALKER_WINDOW, ends=False)
    running = RunningSite(folder, settings=dict(ENGINE_SETTINGS))
    running.start_engine()
    return running


def site_on(engine: RunningSite, folder: Path, **settings: str) -> RunningSite:
    """A web process with a folder of its own, answering with that engine.

    Each takes seconds: a package of tests shares one.
    """
    running = RunningSite(
        folder, engine_port=engine.engine_port, settings={**ENGINE_SETTINGS, **settings}
    )
    running.prepare()
    running.start_web()
    return running


def start_worker(site: RunningSite) -> None:
    """In a single process, so that killing it kills the work."""
    arguments = ("-m", "celery", "-A", "llmsite", "worker", "--pool", "solo")
    site.start("worker", *arguments, "--without-gossip", "--without-mingle")


def eventually(what: str, happened: Callable[[], bool]) -> None:
    """Ask until it is so: for what another process does and tells nobody."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in time: {what}"
        time.sleep(0.05)


def load_of(engine: RunningSite, model: str = TALKER) -> tuple[int, int]:
    """(running, waiting) as the engine reports them."""
    report = httpx.get(f"{engine.engine_url}/health", timeout=30, verify=NOBODY).json()["models"][
        model
    ]
    return report.get("running", 0), report.get("waiting", 0)


def wait_until_idle(engine: RunningSite, model: str = TALKER) -> None:
    eventually(f"{model} is idle", lambda: load_of(engine, model) == (0, 0))


@dataclass
class Watcher:
    """A page without a browser: it keeps the text of one answer as the socket tells it.

    A gap or a repetition in what is told fails the test at once.
    """

    socket: ClientConnection
    message: int
    text: str = ""
    state: str = "queued"
    position: int | None = None
    closed: int | None = None

    def until(self, what: str, seen: Callable[[Self], bool]) -> Self:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not seen(self):
            left = deadline - time.monotonic()
            assert left > 0, f"not seen in time: {what}; {self.state}, {len(self.text)} characters"
            self._hear(left)
        return self

    def until_writing(self, characters: int = 20) -> Self:
        """In the middle of the answer."""
        return self.until("text", lambda w: len(w.text) >= characters and w.state in LIVE)

    def until_end(self) -> str:
        """The state in which the answer ended."""
        self.until("the end", lambda w: w.state not in LIVE)
        self.socket.send(json.dumps({"message": self.message, "have": len(self.text)}))
        return self.until_snapshot().state

    def until_snapshot(self) -> Self:
        while self._hear(PATIENCE_SECONDS) != "snapshot":
            pass
        return self

    def until_closed(self) -> int | None:
        return self.until("closed", lambda w: w.closed is not None).closed

    def _hear(self, seconds: float) -> str:
        try:
            event = json.loads(self.socket.recv(timeout=seconds))
        except ConnectionClosed as gone:
            self.closed = gone.rcvd.code if gone.rcvd else 1006
            return "closed"
        if event.get("message") == self.message:
            self.take(event)
        return str(event["type"])

    def take(self, event: dict[str, Any]) -> None:
        if event["type"] in ("delta", "snapshot") and event["end"] > len(self.text):
            assert event["at"] <= len(self.text), "a piece of the answer was left out"
            self.text += event["text"][len(self.text) - event["at"] :]
            assert len(self.text) == event["end"]
        self.state = event.get("state") or self.state
        if "position" in event:
            self.position = event["position"]


@dataclass
class Chatter:
    """A signed-in person in one conversation, opened with the first message."""

    site: RunningSite
    client: httpx.Client
    conversation: str = ""
    form: dict[str, str] = field(default_factory=lambda: dict(FORM))
    last_shown: int = 0

    @property
    def path(self) -> str:
        return f"/c/{self.conversation}"

    @property
    def headers(self) -> dict[str, str]:
        """What the page's script sends with a message."""
        return {
            "X-CSRFToken": self.client.cookies["csrftoken"],
            "X-Last-Shown": str(self.last_shown),
        }

    def post(self, path: str, **data: str) -> httpx.Response:
        return self.client.post(path, data=data, headers=self.headers)

    def send(self, text: str, **changes: str) -> int:
        """Returns the id of the answer's message."""
        return self.sent(self.try_to_send(text, **changes))

    def try_to_send(self, text: str, **changes: str) -> httpx.Response:
        where = f"{self.path}/send" if self.conversation else "/new/send"
        return self.post(where, text=text, **(self.form | changes))

    def sent(self, response: httpx.Response) -> int:
        assert response.status_code == 200, response.text
        if not self.conversation:
            self.conversation = response.headers["HX-Redirect"].strip("/").removeprefix("c/")
            response = self.client.get(f"{self.path}/thread")
        self.last_shown = int(MESSAGE.findall(response.text)[-1])
        return self.last_shown

    def regenerate(self, answer: int) -> int:
        return self.sent(self.post(f"/m/{answer}/regenerate"))

    def stop(self, answer: int) -> None:
        assert self.post(f"/m/{answer}/stop").status_code == 204

    def shown(self, message: int) -> str:
        """The message's fragment as the page would show it."""
        return self.client.get(f"/m/{message}/").text

    def text_of(self, message: int) -> str:
        """The text of an answer that has ended, as its copy button has it."""
        found = COPIED.search(self.shown(message))
        assert found, "this message has no text to copy"
        return html.unescape(found[1])

    @contextmanager
    def watch(self, message: int) -> Iterator[Watcher]:
        """Attach to the answer as a new page does: from its first character."""
        with self.open_socket() as socket:
            watcher = Watcher(socket, message)
            socket.send(json.dumps({"message": message, "have": 0}))
            yield watcher.until_snapshot()

    def open_socket(self) -> AbstractContextManager[ClientConnection]:
        return connect(**self.socket_options())

    def socket_options(self) -> dict[str, Any]:
        """For any of websockets' clients: what the page of this conversation connects with."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        return {
            "uri": f"{self.site.url.replace('http', 'ws', 1)}/ws{self.path}/",
            "origin": Origin(self.site.url),
            "additional_headers": {"Cookie": cookies},
            "open_timeout": PATIENCE_SECONDS,
        }
