"""Loading and unloading: who waits, what is told meanwhile, and that memory comes back."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from llmkit.client import EngineClient
from llmkit.engine.hub import EngineOptions, ModelHub
from llmkit.types import ChatMessage, EngineError, GenerationSettings, Loading
from tests.llmkit.running_engine import RunningEngine, loader_held, running_engine
from tests.tiny_model import TINY_MODEL

GREEDY = GenerationSettings(max_tokens=4, temperature=0)
HELLO = [ChatMessage("user", "Hello")]


@pytest.fixture
def engine(tiny_models_dir: Path) -> Iterator[RunningEngine]:
    with running_engine(tiny_models_dir, dtype="float32") as running:
        yield running


@pytest.fixture
async def client(engine: RunningEngine) -> AsyncIterator[EngineClient]:
    client = EngineClient(engine.url)
    yield client
    await client.aclose()


@pytest.fixture
def hub(tiny_models_dir: Path) -> Iterator[ModelHub]:
    hub = ModelHub(tiny_models_dir, EngineOptions(dtype="float32"))
    yield hub
    hub.close()


async def health_of(client: EngineClient) -> dict[str, object]:
    report: dict[str, object] = (await client.health())["models"][TINY_MODEL]
    return report


async def test_a_model_is_loaded_and_unloaded_when_asked(
    client: EngineClient, engine: RunningEngine
) -> None:
    assert (await health_of(client))["state"] == "unloaded"
    await client.load(TINY_MODEL)
    engine.served(TINY_MODEL)
    report = await health_of(client)
    assert (report["state"], report["precision"]) == ("ready", "float32")
    assert report["memory_bytes"]
    await client.unload(TINY_MODEL)
    assert (await health_of(client))["state"] == "unloaded"


async def test_loading_an_unknown_model_names_near_ones(client: EngineClient) -> None:
    for ask in (client.load, client.unload):
        with pytest.raises(EngineError, match="Did you mean tiny") as failure:
            await ask("tinny")
        assert failure.value.code == "model_not_found"


async def test_a_stream_tells_that_its_model_is_being_loaded(
    client: EngineClient, engine: RunningEngine
) -> None:
    stream = client.stream_chat(TINY_MODEL, HELLO, GREEDY)
    with loader_held(engine.hub):
        assert await anext(stream) == Loading(None)
        assert (await health_of(client))["state"] == "loading"
    later = [event async for event in stream]
    fractions = [e.fraction for e in later if isinstance(e, Loading) and e.fraction is not None]
    assert fractions == sorted(fractions)
    assert later[-1].reason in {"length", "stop"}  # type: ignore[union-attr]


async def test_counting_tokens_loads_nothing(client: EngineClient) -> None:
    count = await client.tokenize(TINY_MODEL, HELLO)
    assert count is not None
    assert count.count == 24
    assert (await health_of(client))["state"] == "unloaded"


async def test_a_client_that_leaves_while_its_model_is_loaded_holds_nothing(
    client: EngineClient, engine: RunningEngine
) -> None:
    with loader_held(engine.hub):
        stream = client.stream_chat(TINY_MODEL, HELLO, GREEDY)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    engine.served(TINY_MODEL)
    async with asyncio.timeout(30):
        while True:
            try:
                await client.unload(TINY_MODEL)
                return
            except EngineError as error:  # the server has not yet noticed that it left
                assert error.code == "in_use"
                await asyncio.sleep(0.01)


async def test_unloading_through_http_while_it_answers_is_a_conflict(
    engine: RunningEngine,
) -> None:
    lease = engine.hub.acquire(TINY_MODEL)
    lease.future.result(60)
    async with httpx.AsyncClient(base_url=engine.url) as http:
        refused = await http.post("/v1/unload", json={"model": TINY_MODEL})
        lease.release()
        freed = await http.post("/v1/unload", json={"model": TINY_MODEL})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    assert freed.json() == {"model": TINY_MODEL, "state": "unloaded"}


def test_an_unloaded_model_is_forgotten(hub: ModelHub) -> None:
    model = weakref.ref(hub.load(TINY_MODEL).result(60).loaded.model)
    assert model() is not None
    hub.unload(TINY_MODEL)
    assert model() is None


def test_a_changed_folder_is_loaded_again_while_the_old_one_ends(
    tiny_models_dir: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / TINY_MODEL)
    hub = ModelHub(tmp_path, EngineOptions(dtype="float32"))
    old = hub.acquire(TINY_MODEL)
    model = weakref.ref(old.future.result(60).loaded.model)
    (tmp_path / TINY_MODEL / "generation_config.json").write_text("{}")
    fresh = hub.acquire(TINY_MODEL)
    assert fresh.future.result(60).loaded.model is not model()
    assert model() is not None
    old.release()
    hub.enqueue(hub.close)  # after what the release has asked for
    hub.join()
    assert model() is None


def test_progress_counts_the_weights_and_never_goes_back(tiny_models_dir: Path) -> None:
    from llmkit.engine.loading import load_model

    told: list[float] = []
    load_model(tiny_models_dir / TINY_MODEL, dtype="float32", progress=told.append)
    assert told == sorted(set(told))
    assert (told[0], told[-1]) == (0.0, 0.9)
    assert len(told) > 10
