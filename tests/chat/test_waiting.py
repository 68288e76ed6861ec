"""What a reader is told before the first word: a server that starts, a model that is loaded."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from chat.models import Conversation, Generation
from chat.streaming import producer
from chat.streaming.database import in_database
from tests.chat.conftest import begin, talk
from tests.chat.sockets import Socket, owner_socket
from tests.llmkit.running_engine import RunningEngine, loader_held, running_engine
from tests.tiny_model import TINY_MODEL
from training import engines

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _connections_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of threads that outlive the test would keep its database from being removed."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def answer(transactional_db: None) -> Generation:
    owner = User.objects.create_user("member", password="a-long-password-1")
    conversation = Conversation.objects.create(owner=owner, model=TINY_MODEL)
    return begin(talk(conversation, "Tell me about foxes", "")[1], model=TINY_MODEL)


@pytest.fixture
async def socket(answer: Generation) -> AsyncIterator[Socket]:
    opened = await owner_socket(answer.message.conversation)
    assert (await opened.hear())["type"] == "snapshot"
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def engine(tiny_models_dir: Path) -> Iterator[RunningEngine]:
    with running_engine(tiny_models_dir, dtype="float32") as running:
        yield running


async def heard_until(socket: Socket, **wanted: Any) -> dict[str, Any]:
    while True:
        event = await socket.hear()
        if wanted.items() <= event.items():
            return event


def fragment(answer: Generation) -> str:
    """The message as a page that is opened now shows it."""
    client = Client()
    client.force_login(answer.message.conversation.owner)
    return client.get(f"/m/{answer.message_id}/").content.decode()


async def test_a_model_that_is_being_loaded_is_named_until_it_writes(
    answer: Generation, socket: Socket, engine: RunningEngine, settings: Settings
) -> None:
    settings.ENGINE_URLS = [engine.url]
    with loader_held(engine.hub):
        await producer.launch(str(answer.pk))
        event = await heard_until(socket, type="state", wait="model")
        assert event["status"] == "Loading tiny…"
        page = await database_sync_to_async(fragment)(answer)
        await socket.attach(answer.message_id, 0)
        assert (await heard_until(socket, type="snapshot"))["status"] == "Loading tiny…"
    assert "Loading tiny…" in page
    assert "<progress" in page
    assert (await heard_until(socket, type="end"))["state"] == "done"
    ended = await in_database(Generation.objects.get, pk=answer.pk)
    assert (ended.wait, ended.loaded) == ("", None)
    await engines.close()


async def test_a_server_that_does_not_answer_yet_is_said(
    answer: Generation, socket: Socket, settings: Settings
) -> None:
    settings.ENGINE_URLS = [NOBODY]
    await producer.launch(str(answer.pk))
    event = await heard_until(socket, type="state", wait="server")
    assert event["status"] == "Waiting for the model server to answer…"
    await producer.finish_own()
    assert (await heard_until(socket, type="end"))["state"] == "interrupted"
    await engines.close()


def test_how_much_has_been_loaded_is_shown_in_percent(answer: Generation) -> None:
    Generation.objects.filter(pk=answer.pk).update(wait="model", loaded=0.428)
    page = fragment(answer)
    assert 'value="0.428"' in page
    assert "42 %" in page
