"""The client against our engine, against a foreign server, and against servers that fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from llmkit.client import EngineClient
from llmkit.types import (
    ChatMessage,
    Delta,
    EngineError,
    Finished,
    GenerationSettings,
    Loading,
    Queued,
    StreamEvent,
)
from tests.llmkit.running_engine import RunningEngine, running_engine, serving
from tests.tiny_model import TINY_CONTEXT, TINY_MODEL, build_tiny_model

HELLO = [ChatMessage("user", "Hello")]
GREEDY = GenerationSettings(max_tokens=8, temperature=0, seed=1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngine]:
    folder: Path = tmp_path_factory.mktemp("served")
    build_tiny_model(folder / TINY_MODEL)
    build_tiny_model(folder / "endless", layers=16, ends=False, window=8192)
    with running_engine(folder, dtype="float32", max_running=1, max_waiting=1) as running:
        yield running


@pytest.fixture
async def client(engine: RunningEngine) -> AsyncIterator[EngineClient]:
    client = EngineClient(f"{engine.url}/v1/")
    yield client
    await client.aclose()


async def events_of(stream: AsyncIterator[StreamEvent]) -> list[StreamEvent]:
    return [event async for event in stream]


async def failure_of(stream: AsyncIterator[StreamEvent]) -> EngineError:
    with pytest.raises(EngineError) as failure:
        await events_of(stream)
    return failure.value


async def test_an_answer_streams_and_ends_with_its_counts(client: EngineClient) -> None:
    told = await events_of(client.stream_chat(TINY_MODEL, HELLO, GREEDY))
    events = [event for event in told if not isinstance(event, Loading)]
    assert isinstance(events[0], Queued)
    assert all(isinstance(event, Queued | Delta) for event in events[:-1])
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.completion_tokens) == ("length", 8)
    assert last.ttft_ms is not None and last.total_ms is not None
    assert last.ttft_ms <= last.total_ms


async def test_it_asks_for_models_health_and_token_counts(client: EngineClient) -> None:
    assert await client.models() == ["endless", TINY_MODEL]
    assert set((await client.health())["models"]) == {"endless", TINY_MODEL}
    count = await client.tokenize(TINY_MODEL, HELLO)
    assert count is not None and count.prompt is not None
    assert (count.max_model_len, count.count) == (TINY_CONTEXT, 24)
    assert count.prompt.startswith("<|im_start|>user\nHello<|im_end|>")
    plain = await client.tokenize(TINY_MODEL, prompt="four")
    assert plain is not None and plain.count == 4


async def test_an_answer_can_be_continued(client: EngineClient) -> None:
    whole = await events_of(client.stream_chat(TINY_MODEL, HELLO, GREEDY))
    text = "".join(event.text for event in whole if isinstance(event, Delta))
    begun = [*HELLO, ChatMessage("assistant", text[:3])]
    rest = await events_of(client.stream_chat(TINY_MODEL, begun, GREEDY, continue_final=True))
    continued = "".join(event.text for event in rest if isinstance(event, Delta))
    assert continued.startswith(text[3:])


async def test_cancel_ends_the_stream(client: EngineClient) -> None:
    settings = GenerationSettings(max_tokens=8000, temperature=0, seed=1)
    events: list[StreamEvent] = []
    async for event in client.stream_chat("endless", HELLO, settings, request_id="mine"):
        if isinstance(event, Delta) and not any(isinstance(e, Delta) for e in events):
            await client.cancel("mine")
        events.append(event)
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "cancelled"


async def test_waiting_is_told_and_a_full_queue_is_busy(client: EngineClient) -> None:
    settings = GenerationSettings(max_tokens=8000, temperature=0, seed=1)
    first = client.stream_chat("endless", HELLO, settings, request_id="first")
    while await anext(first) != Queued(0):
        pass
    second = client.stream_chat("endless", HELLO, settings, request_id="second")
    assert await anext(second) == Queued(1)
    error = await failure_of(client.stream_chat("endless", HELLO, settings))
    assert error.code == "busy"
    await client.cancel("first")
    async for event in second:
        if isinstance(event, Queued):
            assert event.position == 0
            await client.cancel("second")
    await events_of(first)


REFUSALS: list[tuple[str, str, str]] = [
    ("tinny", "Hello", "model_not_found"),
    (TINY_MODEL, "x" * 5000, "too_long"),
]


@pytest.mark.parametrize(("model", "text", "code"), REFUSALS, ids=lambda v: v[:9])
async def test_refusals_carry_their_code(
    client: EngineClient, model: str, text: str, code: str
) -> None:
    messages = [ChatMessage("user", text)]
    error = await failure_of(client.stream_chat(model, messages, GREEDY))
    assert error.code == code


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    client = EngineClient("http://127.0.0.1:9")
    error = await failure_of(client.stream_chat("m", HELLO, GREEDY))
    assert error.code == "unreachable"
    assert "http://127.0.0.1:9 does not answer" in str(error)
    with pytest.raises(EngineError):
        await client.models()
    await client.aclose()


Stream = Callable[[], AsyncIterator[str]]


class Foreign:
    """A server that speaks OpenAI's dialect and knows none of our additions."""

    def __init__(self, stream: Stream) -> None:
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self._stream = stream
        routes = [
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"data": [{"id": "other"}]})

    async def _chat(self, request: Request) -> Response:
        self.seen.append(await request.json())
        self.keys.append(request.headers.get("authorization"))
        return StreamingResponse(self._stream(), media_type="text/event-stream")


async def openai_stream() -> AsyncIterator[str]:
    yield 'data: {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n'
    yield 'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\r\n\r\n'
    yield 'data:{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    yield 'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'
    yield "data: [DONE]\n\n"


async def broken_stream() -> AsyncIterator[str]:
    yield 'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'


async def failing_stream() -> AsyncIterator[str]:
    yield 'data: {"error": {"message": "Out of memory.", "code": 500}}\n\n'


async def torn_stream() -> AsyncIterator[str]:
    yield 'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    await asyncio.sleep(0)
    raise ConnectionError("the server died")


async def test_another_server_is_sent_only_what_openai_knows() -> None:
    foreign = Foreign(openai_stream)
    with serving(foreign.app) as url:
        client = EngineClient(url, api_key="secret")
        settings = GenerationSettings(top_k=7, repetition_penalty=1.2, stop=("x",), seed=3)
        events = await events_of(client.stream_chat("other", HELLO, settings, request_id="r"))
        assert events == [Delta("Hi"), Finished("stop", prompt_tokens=3, completion_tokens=1)]
        assert foreign.seen[0].keys().isdisjoint({"top_k", "repetition_penalty", "request_id"})
        assert foreign.seen[0]["stop"] == ["x"]
        assert foreign.keys == ["Bearer secret"]
        assert await client.tokenize("other", HELLO) is None
        assert await client.health() == {"status": "ok"}
        await client.cancel("r")
        error = await failure_of(client.stream_chat("other", HELLO, GREEDY, continue_final=True))
        assert error.code == "invalid"
        await client.aclose()


BREAKS: list[tuple[Stream, str]] = [
    (broken_stream, "interrupted"),
    (torn_stream, "interrupted"),
    (failing_stream, "engine_error"),
]


@pytest.mark.parametrize(("stream", "code"), BREAKS)
async def test_a_stream_that_breaks_off_is_an_error(stream: Stream, code: str) -> None:
    with serving(Foreign(stream).app) as url:
        client = EngineClient(url, extensions=False)
        error = await failure_of(client.stream_chat("other", HELLO, GREEDY))
        assert error.code == code
        await client.aclose()
