"""A model server that misbehaves in one way after the other, on a port of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.llmkit.running_engine import serving

KEY = "sk-very-secret"
WORDS = ("Foxes ", "sleep.")


def chunk(text: str, reason: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


@dataclass
class RudeServer:
    """`manner` says how the next requests are answered; `heard` holds what was asked."""

    url: str = ""
    manner: str = "kind"
    names: tuple[str, ...] = ("fox-1",)
    heard: list[dict[str, Any]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/v1/models", self.models),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]

    async def models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._refused()
        if self.manner == "page":
            return HTMLResponse("<h1>Welcome to nginx</h1>")
        return JSONResponse({"data": [{"id": name} for name in self.names]})

    async def chat(self, request: Request) -> Response:
        self.heard.append(await request.json())
        statuses = {"busy": 429, "gone": 404, "broken": 500, "gateway": 502}
        if self.manner in ("refused", "page", "gateway"):
            return self._refused() if self.manner == "refused" else self._page()
        if self.manner in statuses:
            error = {"message": f"{self.manner}, says {KEY}", "code": "whatever"}
            return JSONResponse({"error": error}, statuses[self.manner])
        return StreamingResponse(self._lines(), media_type="text/event-stream")

    def _refused(self) -> Response:
        error = {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}
        return JSONResponse({"error": error}, 401)

    def _page(self) -> Response:
        return HTMLResponse("<h1>Bad gateway</h1>", 502 if self.manner == "gateway" else 200)

    async def _lines(self) -> AsyncIterator[str]:
        if self.manner == "silent":
            await asyncio.Event().wait()
        while self.manner == "loading":
            yield ": loading 0.25\n\n"
            await asyncio.sleep(0.05)
        yield chunk(WORDS[0])
        if self.manner == "garbled":
            yield "data: {oops\n\n"
        if self.manner == "error inside":
            yield 'data: {"error": {"message": "out of memory"}}\n\n'
        if self.manner == "cut":
            return
        if self.manner == "torn":
            raise RuntimeError("the connection is dropped in the middle")
        yield chunk(WORDS[1])
        yield chunk("", "stop")
        yield "data: [DONE]\n\n"


@contextmanager
def rude_server() -> Iterator[RudeServer]:
    server = RudeServer()
    with serving(Starlette(routes=server.routes())) as url:
        server.url = url
        yield server
