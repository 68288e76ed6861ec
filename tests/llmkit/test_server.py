"""The engine over real HTTP: OpenAI's shapes, strict requests, slots freed when clients go."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.llmkit.running_engine import RunningEngine, running_engine
from tests.llmkit.support import damage
from tests.tiny_adapters import build_adapter
from tests.tiny_model import TINY_CONTEXT, TINY_MODEL, build_tiny_model

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "models"
    base = build_tiny_model(folder / TINY_MODEL)
    build_adapter(base, folder.parent / "adapters" / TINY_MODEL / "terse")
    build_tiny_model(folder / "endless", layers=16, ends=False, window=8192)
    damage(shutil.copytree(folder / TINY_MODEL, folder / "damaged"))
    (folder / "notes").mkdir()
    return folder


@pytest.fixture(scope="module")
def engine(models_dir: Path) -> Iterator[RunningEngine]:
    options = {"default_model": TINY_MODEL, "max_running": 2, "max_waiting": 2}
    with running_engine(models_dir, dtype="float32", **options) as running:
        yield running


@pytest.fixture
async def http(engine: RunningEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=engine.url, timeout=60) as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    return {"model": TINY_MODEL, "messages": HELLO, "temperature": 0, "max_tokens": 8} | changes


def endless(**changes: Any) -> dict[str, Any]:
    return body(model="endless", max_tokens=8000, stream=True, **changes)


def chunks_of(text: str) -> list[dict[str, Any]]:
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for another thread's work; the bound only ends a test that would hang."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_stream_and_a_whole_answer_say_the_same(http: httpx.AsyncClient) -> None:
    whole = (await http.post(CHAT, json=body())).json()
    options = {"stream": True, "stream_options": {"include_usage": True}}
    streamed = await http.post(CHAT, json=body(**options))
    assert streamed.headers["content-type"].startswith("text/event-stream")
    chunks = chunks_of(streamed.text)
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert set(chunks[-1]["timings"]) == {"ttft_ms", "total_ms"}


async def test_completions_answer_every_prompt_n_times(http: httpx.AsyncClient) -> None:
    sent = {"model": TINY_MODEL, "prompt": ["one", "two"], "n": 2, "seed": 5, "max_tokens": 6}
    choices = (await http.post("/v1/completions", json=sent)).json()["choices"]
    assert [c["index"] for c in choices] == [0, 1, 2, 3]
    single = {**sent, "prompt": "two", "n": 1, "seed": 6}
    alone = (await http.post("/v1/completions", json=single)).json()["choices"][0]
    assert choices[3]["text"] == alone["text"]


async def test_models_lists_models_and_their_adapters(http: httpx.AsyncClient) -> None:
    data = (await http.get("/v1/models")).json()["data"]
    assert [entry["id"] for entry in data] == ["damaged", "endless", TINY_MODEL, "tiny:terse"]


async def test_an_adapter_is_asked_for_by_its_models_name_and_its_own(
    http: httpx.AsyncClient,
) -> None:
    bare, adapted = [
        (await http.post(CHAT, json=body(model=name))).json() for name in ("tiny", "tiny:terse")
    ]
    assert adapted["model"] == "tiny:terse"
    assert adapted["usage"]["prompt_tokens"] == bare["usage"]["prompt_tokens"]
    assert adapted["choices"][0]["message"] != bare["choices"][0]["message"]
    told = (await http.get("/health")).json()["models"][TINY_MODEL]
    assert told["adapters"] == [{"name": "terse", "kind": "lora", "state": "ready"}]
    count = await http.post("/tokenize", json={"model": "tiny:terse", "messages": HELLO})
    assert count.json()["count"] == bare["usage"]["prompt_tokens"]
    missing = await http.post(CHAT, json=body(model="tiny:ters"))
    assert missing.status_code == 404
    assert "Did you mean tiny:terse" in missing.json()["error"]["message"]


async def test_tokenize_counts_and_shows_the_exact_prompt(http: httpx.AsyncClient) -> None:
    sent = {"model": TINY_MODEL, "messages": HELLO, "return_tokens": True}
    report = (await http.post("/tokenize", json=sent)).json()
    assert report["prompt"] == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    assert report["count"] == len(report["tokens"])
    assert report["max_model_len"] == TINY_CONTEXT
    answer = (await http.post(CHAT, json=body())).json()
    assert answer["usage"]["prompt_tokens"] == report["count"]


async def test_continuing_the_final_message_opens_no_new_turn(http: httpx.AsyncClient) -> None:
    messages = [*HELLO, {"role": "assistant", "content": "Well, "}]
    sent = {"model": TINY_MODEL, "messages": messages, "continue_final_message": True}
    assert (await http.post("/tokenize", json=sent)).json()["prompt"].endswith("assistant\nWell, ")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 9}, "Temperature must be between 0 and 5"),
    ({"temperature": "hot"}, "temperature must be a number"),
    ({"temperature": True}, "temperature must be a number"),
    ({"top_p": 0}, "Top-p must be greater than 0"),
    ({"top_k": 1.5}, "top_k must be a whole number"),
    ({"max_tokens": 0}, "Max new tokens must be between 1"),
    ({"seed": -1}, "Seed must be a whole number"),
    ({"repetition_penalty": 0}, "Repetition penalty must be between"),
    ({"stop": 5}, "stop must be a text or a list of texts"),
    ({"stop": ["x"] * 9}, "at most 8 stop strings"),
    ({"n": 33}, "n must be between 1 and 32"),
    ({"stream": "yes"}, "stream must be true or false"),
    ({"stream_options": []}, "stream_options must be an object"),
    ({"messages": []}, "at least one message"),
    ({"messages": ["Hi"]}, "Message 0 must be an object"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "role of message 0"),
    ({"messages": [{"role": "user", "content": 5}]}, "content of message 0 must be text"),
    ({"continue_final_message": True}, "needs an assistant's message at the end"),
    ({"temprature": 1}, "Did you mean temperature?"),
    ({"presence_penalty": 1}, "presence_penalty is not supported"),
    ({"request_id": ""}, "request_id must have"),
    ({"model": 7}, "model must be a text"),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSED, ids=str)
async def test_a_wrong_value_is_refused_with_one_sentence(
    http: httpx.AsyncClient, change: dict[str, Any], sentence: str
) -> None:
    response = await http.post(CHAT, json=body(**change))
    assert response.status_code == 400
    error = response.json()["error"]
    assert sentence in error["message"]
    assert error["code"] == "invalid"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"messages":' + b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(
    http: httpx.AsyncClient, raw: bytes
) -> None:
    response = await http.post(CHAT, content=raw)
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("The body")


async def test_fields_openai_clients_send_without_effect_are_accepted(
    http: httpx.AsyncClient,
) -> None:
    neutral = {"presence_penalty": 0, "logprobs": False, "user": "me", "top_k": None}
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    response = await http.post(CHAT, json=body(messages=parts, **neutral))
    assert response.json()["choices"] == (await http.post(CHAT, json=body())).json()["choices"]


async def test_half_a_character_is_refused(http: httpx.AsyncClient) -> None:
    raw = json.dumps(body(messages=[{"role": "user", "content": "\ud83d"}])).encode()
    response = await http.post(CHAT, content=raw)
    assert "half a character" in response.json()["error"]["message"]


async def test_an_unknown_model_is_404_and_names_near_ones(http: httpx.AsyncClient) -> None:
    for name in ("tinny", "../tiny", "notes"):
        response = await http.post(CHAT, json=body(model=name))
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "model_not_found"
    assert "Did you mean tiny" in (await http.post(CHAT, json=body(model="tinny"))).text


async def test_a_prompt_beyond_the_window_is_refused_naming_both_numbers(
    http: httpx.AsyncClient,
) -> None:
    for length, told in ((1000, "1019 tokens"), (1_000_000, "more than")):
        long = [{"role": "user", "content": "x" * length}]
        response = await http.post(CHAT, json=body(messages=long, stream=True))
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["code"] == "too_long"
        assert told in error["message"]
        assert str(TINY_CONTEXT) in error["message"]


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the server logs as errors."""
    found: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("uvicorn.error").addHandler(handler)
    yield found
    logging.getLogger("uvicorn.error").removeHandler(handler)


async def test_who_leaves_in_the_middle_of_asking_is_no_error_of_the_engine(
    engine: RunningEngine, http: httpx.AsyncClient, faults: list[str]
) -> None:
    host, port = engine.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await http.post(CHAT, json=body())).is_success
    assert faults == []


async def test_a_damaged_folder_fails_alone_and_is_tried_again_when_it_changes(
    http: httpx.AsyncClient, models_dir: Path
) -> None:
    for _ in range(2):
        response = await http.post(CHAT, json=body(model="damaged"))
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "model_failed"
        assert "The model folder damaged is damaged" in response.json()["error"]["message"]
    report = (await http.get("/health")).json()["models"]["damaged"]
    assert report["state"] == "failed"
    assert (await http.post(CHAT, json=body())).status_code == 200
    shutil.copy(models_dir / TINY_MODEL / "model.safetensors", models_dir / "damaged")
    assert (await http.post(CHAT, json=body(model="damaged"))).status_code == 200
    damage(models_dir / "damaged")


async def test_health_tells_the_state_of_every_model(
    http: httpx.AsyncClient, engine: RunningEngine
) -> None:
    engine.served(TINY_MODEL)
    report = (await http.get("/health")).json()
    assert report["default_model"] == TINY_MODEL
    tiny = report["models"][TINY_MODEL]
    assert (tiny["state"], tiny["capacity"], tiny["dtype"]) == ("ready", 2, "float32")
    assert (tiny["running"], tiny["waiting"]) == (0, 0)


async def test_a_client_that_leaves_frees_its_slot(
    http: httpx.AsyncClient, engine: RunningEngine
) -> None:
    backend = engine.served("endless").backend
    async with http.stream("POST", CHAT, json=endless()) as response:
        await anext(response.aiter_lines())
        await eventually(lambda: backend.running == 1)
    await eventually(lambda: backend.running == 0)


async def test_a_client_that_leaves_without_streaming_frees_its_slot(
    http: httpx.AsyncClient, engine: RunningEngine
) -> None:
    backend = engine.served("endless").backend
    asking = asyncio.ensure_future(http.post(CHAT, json=endless() | {"stream": False}))
    await eventually(lambda: backend.running == 1)
    asking.cancel()
    await eventually(lambda: backend.running == 0)


async def test_cancel_ends_the_stream_with_its_reason(http: httpx.AsyncClient) -> None:
    async with http.stream("POST", CHAT, json=endless(request_id="mine")) as response:
        lines = response.aiter_lines()
        async for line in lines:
            if '"content": "' in line and '"role"' not in line:
                break
        answer = await http.post("/v1/cancel", json={"request_id": "mine"})
        assert answer.json() == {"cancelled": True, "state": "running"}
        rest = [line async for line in lines]
    assert '"finish_reason": "cancelled"' in "".join(rest)


async def test_a_cancel_that_overtakes_its_request_is_remembered(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/cancel", json={"request_id": "late"})
    assert answer.json() == {"cancelled": True, "state": "unknown"}
    chunks = chunks_of((await http.post(CHAT, json=endless(request_id="late"))).text)
    assert chunks[-1]["choices"][0]["finish_reason"] == "cancelled"


async def test_a_request_id_in_use_is_refused(http: httpx.AsyncClient) -> None:
    async with http.stream("POST", CHAT, json=endless(request_id="twin")) as response:
        lines = response.aiter_lines()
        await anext(lines)
        second = await http.post(CHAT, json=endless(request_id="twin"))
        assert second.status_code == 400
        assert "already being answered" in second.json()["error"]["message"]


async def test_the_queue_tells_positions_and_refuses_when_full(
    http: httpx.AsyncClient, engine: RunningEngine
) -> None:
    backend = engine.served("endless").backend
    names = ["a", "b", "c", "d"]
    asking = []
    for count, name in enumerate(names, start=1):
        asking.append(asyncio.ensure_future(http.post(CHAT, json=endless(request_id=name))))
        await eventually(lambda n=count: backend.running + backend.waiting == n)  # type: ignore[misc]
    await eventually(lambda: backend.running == 2)
    full = await http.post(CHAT, json=endless())
    assert full.status_code == 429
    assert "busy" in full.json()["error"]["message"]
    for name in names:
        await http.post("/v1/cancel", json={"request_id": name})
    last = (await asking[-1]).text
    assert ": queue-position 2\n" in last
    await asyncio.gather(*asking)


async def test_other_methods_and_paths_are_errors_in_json(http: httpx.AsyncClient) -> None:
    assert (await http.get(CHAT)).status_code == 405
    missing = await http.get("/v1/nothing")
    assert missing.status_code == 404
    assert "error" in missing.json()


async def test_prometheus_reads_what_was_written_and_what_waits(http: httpx.AsyncClient) -> None:
    before = await metrics(http)
    answer = (await http.post(CHAT, json=body(max_tokens=5))).json()["usage"]
    after = await once_counted(http, before.get("llmkit_requests_total", 0))
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown["llmkit_completion_tokens_total"] == answer["completion_tokens"]
    assert grown["llmkit_prompt_tokens_total"] == answer["prompt_tokens"]
    assert grown["llmkit_requests_total"] == 1
    assert after["llmkit_running"] == 0 and after["llmkit_memory_bytes"] > 0


async def once_counted(http: httpx.AsyncClient, requests: float) -> dict[str, float]:
    """A request is counted when its connection is done with, a moment after its last byte."""
    async with asyncio.timeout(60):
        while (found := await metrics(http)).get("llmkit_requests_total", 0) == requests:
            await asyncio.sleep(0.01)
    return found


async def metrics(http: httpx.AsyncClient) -> dict[str, float]:
    """Of the default model, by name."""
    lines = (await http.get("/metrics")).text.splitlines()
    mine = f'{{model="{TINY_MODEL}"}} '
    return {
        name: float(value) for name, _, value in (line.partition(mine) for line in lines) if value
    }
