"""A real HTTP engine in a thread of the test process, on a port of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from llmkit.engine import create_app

if TYPE_CHECKING:
    from llmkit.engine.hub import ModelHub, Served


@dataclass
class RunningEngine:
    url: str
    hub: "ModelHub"

    def served(self, name: str) -> "Served":
        return self.hub.load(name).result(60)


class ThreadServer(uvicorn.Server):
    """A server that says when it listens, and to which port it was bound."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
        )
        self.listening = threading.Event()

    def install_signal_handlers(self) -> None:
        """The test process keeps its own."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of `app` while the block runs."""
    server = ThreadServer(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    if not server.listening.wait(30):
        raise TimeoutError("the test server did not start")
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def running_engine(models_dir: Path, **options: Any) -> Iterator[RunningEngine]:
    app = create_app(models_dir, **options)
    with serving(app) as url:
        yield RunningEngine(url, app.state.hub)


@contextmanager
def loader_held(hub: "ModelHub") -> Iterator[None]:
    """What is to be loaded waits until the block ends."""
    go_on = threading.Event()
    hub.enqueue(lambda: bool(go_on.wait(60)))
    try:
        yield
    finally:
        go_on.set()
