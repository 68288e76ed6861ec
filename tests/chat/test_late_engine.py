"""An engine that only comes after a message was sent: what was too long is told, and not lost."""

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from chat.models import Conversation, Document, Generation
from chat.services import answers
from chat.services.answers import UserTurn
from chat.streaming import producer, store
from chat.streaming.database import in_database
from tests.chat.conftest import REDIS_AWAY
from tests.running_site import RunningSite
from tests.tiny_model import TINY_CONTEXT, TINY_MODEL

pytestmark = pytest.mark.django_db(transaction=True)
DEAD_ENGINE = "http://127.0.0.1:9"


@pytest.fixture
def early(
    settings: Settings, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> Conversation:
    """A conversation whose answers wait for an engine."""

    async def later(generation: Generation) -> None:
        """Begun by `written`."""

    monkeypatch.setattr(producer, "start", later)
    settings.ENGINE_URLS = [DEAD_ENGINE]
    conversation.model = TINY_MODEL
    conversation.settings = {"max_tokens": 8, "temperature": 0}
    conversation.save()
    return conversation


def ask(conversation: Conversation, turn: UserTurn) -> Generation:
    answer = answers.send(conversation=conversation, turn=turn, parent=None)
    return answer.generations.get()


def written(generation: Generation, engine: RunningSite, settings: Settings) -> Generation:
    """The answer after the engine has come up."""
    settings.ENGINE_URLS = [engine.engine_url]

    async def write() -> None:
        found = await in_database(store.load, str(generation.pk))
        await producer.Producer(found).run()

    async_to_sync(write)()
    generation.refresh_from_db()
    return generation


def test_a_message_too_long_for_the_late_engine_can_be_edited(
    early: Conversation, engine: RunningSite, settings: Settings, page: Client
) -> None:
    text = "word " * TINY_CONTEXT
    made = written(ask(early, UserTurn(text)), engine, settings)
    assert (made.state, made.finish_reason) == ("failed", "too_long")
    assert "the model has room for 504. Shorten it" in made.error
    shown = page.get(reverse("chat:message", args=[made.message_id])).content.decode()
    asked = made.message.parent
    assert asked is not None
    editor = reverse("chat:editor", args=[asked.pk])
    assert "Edit the message" in shown and editor in shown
    assert text in page.get(editor).content.decode()


def test_an_answer_is_written_to_its_end_while_redis_is_away(
    early: Conversation, engine: RunningSite, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "END_TOLD_AGAIN_AFTER", (0,))
    settings.CHANNEL_LAYERS = REDIS_AWAY
    made = written(ask(early, UserTurn("Hello")), engine, settings)
    assert made.state == Generation.State.DONE
    assert made.message.text


def test_a_file_is_cut_once_the_engine_can_count(
    early: Conversation, engine: RunningSite, settings: Settings
) -> None:
    text = "word " * TINY_CONTEXT
    document = Document.objects.create(
        owner=early.owner, name="a.txt", kind="txt", size=1, words=TINY_CONTEXT, text=text
    )
    generation = ask(early, UserTurn("Why?", documents=[document]))
    assert not generation.fitted and generation.cuts == []
    made = written(generation, engine, settings)
    assert made.state == "done"
    assert made.cuts[0]["of"] == TINY_CONTEXT > made.cuts[0]["words"] > 50
    assert made.prompt[0]["content"].endswith("Why?")
