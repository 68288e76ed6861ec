"""A model server elsewhere: whatever it does wrong is a sentence that names it."""

from collections.abc import Iterator

import pytest

from llmkit.remote import RemoteClient
from llmkit.types import ChatMessage, Delta, EngineError, GenerationSettings
from tests.llmkit.rude_server import KEY, RudeServer, rude_server

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running() -> Iterator[RudeServer]:
    with rude_server() as server:
        yield server


@pytest.fixture
def server(running: RudeServer) -> RudeServer:
    running.manner = "kind"
    running.heard.clear()
    return running


async def answer(client: RemoteClient, model: str = "fox-1") -> str:
    try:
        events = client.stream_chat(model, [ChatMessage("user", "Hello")], GenerationSettings())
        return "".join([e.text async for e in events if isinstance(e, Delta)])
    finally:
        await client.aclose()


async def failure(url: str, silence: float = 30) -> EngineError:
    client = RemoteClient(url, name="Acme", api_key=KEY, silence=silence)
    with pytest.raises(EngineError) as failed:
        await answer(client)
    return failed.value


async def test_it_answers_under_our_name_of_its_model(server: RudeServer) -> None:
    client = RemoteClient(server.url, name="Acme", api_key=KEY, aliases={"Acme/fox-1": "fox-1"})
    assert await answer(client, "Acme/fox-1") == "Foxes sleep."
    assert server.heard[0]["model"] == "fox-1"
    assert "top_k" not in server.heard[0]


async def test_a_probe_brings_its_models(server: RudeServer) -> None:
    client = RemoteClient(server.url + "/v1/", name="Acme", api_key=KEY)
    probe = await client.probe()
    await client.aclose()
    assert (probe.models, probe.extensions) == (["fox-1"], False)


@pytest.mark.parametrize(
    ("manner", "words", "code"),
    [
        ("refused", "did not accept its key", "engine_error"),
        ("gone", "no longer has this model", "model_not_found"),
        ("busy", "limit is used up", "busy"),
        ("broken", "could not answer: broken, says …", "engine_error"),
        ("gateway", "answered 502", "engine_error"),
        ("page", "a web page instead of an answer", "engine_error"),
        ("garbled", "not part of an answer", "interrupted"),
        ("error inside", "out of memory", "engine_error"),
        ("cut", "broke off", "interrupted"),
        ("torn", "broke off", "interrupted"),
    ],
)
async def test_each_failure_names_the_endpoint_and_not_its_key(
    server: RudeServer, manner: str, words: str, code: str
) -> None:
    server.manner = manner
    error = await failure(server.url)
    assert str(error).count("Acme") == 1
    assert words in str(error)
    assert KEY not in str(error)
    assert error.code == code


async def test_a_server_that_is_not_there_or_stays_silent_is_not_waited_for(
    server: RudeServer,
) -> None:
    gone = await failure(NOBODY)
    assert "Acme does not answer" in str(gone)
    assert gone.code == "engine_error", "our own engine's start is waited for, others are not"
    server.manner = "silent"
    assert "Acme" in str(await failure(server.url, silence=0.3))


async def test_a_web_page_is_not_a_list_of_models(server: RudeServer) -> None:
    server.manner = "page"
    client = RemoteClient(server.url, name="Acme", api_key=KEY)
    with pytest.raises(EngineError, match="not with a list of models"):
        await client.probe()
    await client.aclose()
