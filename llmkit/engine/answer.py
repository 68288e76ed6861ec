"""Answers in OpenAI's shapes: a stream of server-sent events, or one JSON object."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from llmkit.engine.channel import EventChannel
from llmkit.engine.requests import Done, Failed, GenerationRequest, Position, RequestEvent, Text
from llmkit.engine.token_report import TokenReporter
from llmkit.types import EngineError

PING_SECONDS = 10
LOOK_SECONDS = 0.5

STATUS = {
    "invalid": 400,
    "too_long": 400,
    "model_not_found": 404,
    "in_use": 409,
    "busy": 429,
    "model_failed": 503,
    "interrupted": 503,
    "unreachable": 503,
}


@dataclass(frozen=True)
class Job:
    """A submitted request and the channel its events arrive on."""

    request: GenerationRequest
    channel: EventChannel
    tokens: TokenReporter


Opening = Awaitable[Job]


@dataclass(frozen=True)
class Shape:
    """What the two kinds of answers call things."""

    kind: Literal["chat", "text"]
    model: str
    include_usage: bool

    def envelope(self, request_id: str, *, chunk: bool) -> dict[str, Any]:
        names = {"chat": "chat.completion" + ".chunk" * chunk, "text": "text_completion"}
        return {
            "id": f"{'chatcmpl' if self.kind == 'chat' else 'cmpl'}-{request_id}",
            "object": names[self.kind],
            "created": int(time.time()),
            "model": self.model,
        }

    def piece(
        self, index: int, text: str | None, reason: str | None, tokens: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One choice of a chunk; `tokens` is what the reporter tells of them."""
        choice = {"index": index, "finish_reason": reason, "logprobs": None, **(tokens or {})}
        if self.kind == "text":
            return {**choice, "text": text or ""}
        return {**choice, "delta": {} if text is None else {"content": text}}

    def whole(
        self, index: int, text: str, reason: str | None, tokens: dict[str, Any]
    ) -> dict[str, Any]:
        """One choice of a complete answer."""
        choice = {"index": index, "finish_reason": reason, **tokens}
        if self.kind == "text":
            return {**choice, "text": text}
        return {**choice, "message": {"role": "assistant", "content": text}}


def error_body(error: EngineError) -> dict[str, Any]:
    kind = "invalid_request_error" if STATUS.get(error.code, 500) < 500 else "server_error"
    return {"error": {"message": str(error), "type": kind, "code": error.code}}


def error_response(error: EngineError) -> JSONResponse:
    headers = {"Retry-After": "2"} if error.code == "busy" else None
    return JSONResponse(error_body(error), STATUS.get(error.code, 500), headers)


def usage(request: GenerationRequest) -> dict[str, int]:
    asked, written = request.prompt_tokens, request.completion_tokens
    return {
        "prompt_tokens": asked,
        "completion_tokens": written,
        "total_tokens": asked + written,
    }


def data_line(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


Progress = Callable[[], float | None]


async def sse(opening: Opening, shape: Shape, progress: Progress) -> AsyncIterator[str]:
    """The lines of a stream; they tell how far a model is that is still being loaded."""
    task = asyncio.ensure_future(opening)
    try:
        async for line in loading_lines(task, progress):
            yield line
        async for line in job_lines(task.result(), shape):
            yield line
    except EngineError as error:
        yield data_line(error_body(error))
    finally:
        task.cancel()


async def loading_lines(task: "asyncio.Future[Job]", progress: Progress) -> AsyncIterator[str]:
    """A comment whenever more of the model has been loaded, and one as a ping in a long pause."""
    told, pause = "", 0.0
    while not task.done():
        line = loading_line(progress())
        if line != told or pause >= PING_SECONDS:
            told, pause = line, 0.0
            yield line
        await asyncio.wait({task}, timeout=LOOK_SECONDS)
        pause += LOOK_SECONDS


def loading_line(fraction: float | None) -> str:
    return ": loading\n\n" if fraction is None else f": loading {fraction:.2f}\n\n"


async def job_lines(job: Job, shape: Shape) -> AsyncIterator[str]:
    envelope = shape.envelope(job.request.id, chunk=True)
    if shape.kind == "chat":
        role = {"role": "assistant", "content": ""}
        roles = [{**shape.piece(c.index, "", None), "delta": role} for c in job.request.choices]
        yield data_line({**envelope, "choices": roles})
    async for event in events(job):
        if event is None:
            yield ": ping\n\n"
        elif isinstance(event, Position):
            yield f": queue-position {event.position}\n\n"
        elif isinstance(event, Text) and (event.text or job.tokens.wanted):
            tokens = job.tokens.report(event.choice, event.tokens)
            piece = shape.piece(event.choice, event.text, None, tokens)
            yield data_line({**envelope, "choices": [piece]})
        elif isinstance(event, Done):
            yield data_line(last_chunk(job.request, event, envelope, shape))
    yield "data: [DONE]\n\n"


def last_chunk(
    request: GenerationRequest, event: Done, envelope: dict[str, Any], shape: Shape
) -> dict[str, Any]:
    """The chunk that ends a choice; the one that ends the request carries the counts."""
    chunk = {**envelope, "choices": [shape.piece(event.choice, None, event.reason)]}
    if request.over and shape.include_usage:
        chunk |= {"usage": usage(request)}
    return {**chunk, "timings": request.timings()} if request.over else chunk


async def events(job: Job) -> AsyncIterator[RequestEvent | None]:
    """Events until every choice has ended; None after a silence. Texts in a row are joined."""
    open_choices = len(job.request.choices)
    while open_choices:
        batch = joined(await job.channel.read(PING_SECONDS))
        for event in batch:
            if isinstance(event, Failed):
                raise event.error
            open_choices -= isinstance(event, Done)
            yield event
        if not batch:
            yield None


def joined(batch: list[RequestEvent]) -> list[RequestEvent]:
    """A late reader gets one long text instead of many short ones, and only the last position."""
    result: list[RequestEvent] = []
    for event in batch:
        last = result[-1] if result else None
        if isinstance(event, Text) and isinstance(last, Text) and last.choice == event.choice:
            tokens = last.tokens + event.tokens
            result[-1] = Text(event.choice, last.text + event.text, tokens)
        elif isinstance(event, Position) and isinstance(last, Position):
            result[-1] = event
        else:
            result.append(event)
    return result


async def complete(opening: Opening, shape: Shape) -> JSONResponse:
    """The whole answer at once."""
    job = await opening
    told: list[list[Text]] = [[] for _ in job.request.choices]
    async for event in events(job):
        if isinstance(event, Text):
            told[event.choice].append(event)
    choices = [
        shape.whole(
            choice.index,
            "".join(text.text for text in texts),
            choice.finished,
            job.tokens.report(choice.index, [token for text in texts for token in text.tokens]),
        )
        for choice, texts in zip(job.request.choices, told, strict=True)
    ]
    body = shape.envelope(job.request.id, chunk=False) | {"choices": choices}
    return JSONResponse(body | {"usage": usage(job.request), "timings": job.request.timings()})


class AttentiveResponse(Response):
    """Sends what `answer` makes of the connection, and calls `on_leave` when the client goes.

    Starlette's own StreamingResponse notices a client that left only at the next chunk, which for
    a queued request can be minutes away.
    """

    def __init__(
        self, answer: Callable[[Scope, Receive, Send], Awaitable[None]], on_leave: Callable[[], Any]
    ) -> None:
        super().__init__()
        self._answer = answer
        self._on_leave = on_leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = asyncio.ensure_future(self._answer(scope, receive, send))
        leaving = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            finished = answering.done()
            for task in (answering, leaving):
                task.cancel()
            self._on_leave()
        if finished:
            await answering
        with contextlib.suppress(asyncio.CancelledError):
            await answering


class HoldingResponse(Response):
    """Sends another response, and calls `after` when that is over, however it ended."""

    def __init__(self, held: Response, after: Callable[[], object]) -> None:
        super().__init__()
        self._held = held
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._held(scope, receive, send)
        finally:
            self._after()


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_lines(lines: AsyncIterator[str], send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for line in lines:
        await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
