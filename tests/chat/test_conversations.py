"""Conversations: found, kept and removed by their owner, invisible to anyone else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation, Message, Preset
from chat.services import conversations
from llmkit.types import GenerationSettings
from tests.chat.conftest import begin, talk

pytestmark = pytest.mark.both


def titles(user: User, words: str) -> list[str]:
    return [c.title for c in Conversation.objects.owned_by(user).search(words)]


def test_search_finds_words_in_titles_and_messages_in_any_case(
    member: User, conversation: Conversation
) -> None:
    talk(conversation, "Where do badgers sleep?", "In a sett.")
    assert titles(member, "foxes") == ["Foxes"]
    assert titles(member, "BADGERS sett") == ["Foxes"]
    assert titles(member, "badgers owls") == []


def test_pinned_conversations_come_first(member: User, conversation: Conversation) -> None:
    Conversation.objects.create(owner=member, title="Newer")
    conversations.set_pinned(conversation=conversation, pinned=True)
    listed = Conversation.objects.owned_by(member).newest_first()
    assert [c.title for c in listed] == ["Foxes", "Newer"]


def test_a_deleted_conversation_comes_back_on_undo(
    page: Client, conversation: Conversation
) -> None:
    url = reverse("chat:conversation", args=[conversation.pk])
    shown = page.post(reverse("chat:delete", args=[conversation.pk]), follow=True)
    assert "Deleted “Foxes”." in shown.content.decode()
    assert page.get(url).status_code == 404
    page.post(reverse("chat:restore", args=[conversation.pk]))
    assert page.get(url).status_code == 200


def test_deleting_asks_a_running_answer_to_stop(conversation: Conversation) -> None:
    generation = begin(talk(conversation, "Hello", "")[1])
    conversations.delete(conversation=conversation)
    generation.refresh_from_db()
    assert generation.cancel_requested


def test_what_was_deleted_long_ago_is_purged_and_the_rest_stays(
    member: User, conversation: Conversation
) -> None:
    talk(conversation, "Hello", "Hi", "More")
    conversations.delete(conversation=conversation)
    assert conversations.purge_deleted() == 0
    long_ago = timezone.now() - conversations.KEEP_DELETED - timedelta(days=1)
    Conversation.objects.update(deleted_at=long_ago)
    kept = Conversation.objects.create(owner=member)
    assert conversations.purge_deleted() == 1
    assert list(Conversation.objects.all()) == [kept]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\n\n  Hello there \nmore", "Hello there"),
        ("word " * 40, "word " * 11 + "word…"),
        ("", ""),
    ],
)
def test_a_conversation_is_named_after_its_first_line(text: str, title: str) -> None:
    assert conversations.title_from(text) == title


def test_a_preset_with_the_same_name_is_replaced(member: User) -> None:
    for temperature in (0.1, 0.9):
        conversations.save_preset(
            owner=member, name="Mine", settings=GenerationSettings(temperature=temperature)
        )
    assert Preset.objects.get(owner=member).generation_settings.temperature == 0.9


STRANGER_PATHS = [
    ("get", "conversation"),
    ("get", "thread"),
    ("post", "send"),
    ("get", "composer"),
    ("post", "gauge"),
    ("post", "settings"),
    ("post", "rename"),
    ("post", "pin"),
    ("post", "delete"),
    ("post", "restore"),
    ("post", "save-preset"),
    ("post", "apply-preset"),
]


@pytest.mark.parametrize(("method", "name"), STRANGER_PATHS)
def test_a_stranger_gets_404_for_a_conversation(
    method: str, name: str, conversation: Conversation, stranger: User
) -> None:
    client = Client()
    client.force_login(stranger)
    url = reverse(f"chat:{name}", args=[conversation.pk])
    preset = Preset.objects.create(
        owner=conversation.owner, name="P", settings=GenerationSettings().to_dict()
    )
    data = {"name": "x", "preset": preset.pk, "max_tokens": 5, "top_k": 1, "top_p": 1}
    data |= {"repetition_penalty": 1, "decoding": "greedy"}
    assert getattr(client, method)(url, data).status_code == 404
    assert Conversation.objects.get(pk=conversation.pk).title == "Foxes"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "message"),
        ("get", "prompt"),
        ("post", "regenerate"),
        ("post", "continue"),
        ("post", "stop"),
        ("post", "select"),
    ],
)
def test_a_stranger_gets_404_for_a_message(
    method: str, name: str, conversation: Conversation, stranger: User
) -> None:
    client = Client()
    client.force_login(stranger)
    answer = talk(conversation, "Hello", "Hi")[1]
    assert getattr(client, method)(reverse(f"chat:{name}", args=[answer.pk])).status_code == 404


def test_nobody_sees_anything_without_signing_in(conversation: Conversation) -> None:
    url = reverse("chat:conversation", args=[conversation.pk])
    assert Client().get(url).status_code == 302
    assert Client().get(reverse("chat:conversation", args=[uuid4()])).status_code == 302


def test_a_nul_in_what_was_typed_breaks_nothing(page: Client, conversation: Conversation) -> None:
    assert page.get(reverse("chat:conversations"), {"q": "fox\x00es"}).status_code == 200
    form = {"decoding": "greedy", "max_tokens": 5, "top_k": 1, "top_p": 1, "repetition_penalty": 1}
    url = reverse("chat:send", args=[conversation.pk])
    assert page.post(url, {**form, "text": "a\x00b"}).status_code == 200
    assert Message.objects.filter(role="user", text="ab").exists()
