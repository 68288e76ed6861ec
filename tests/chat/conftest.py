"""People with roles, and conversations to try things on."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Conversation, Generation, Message
from chat.services import roomy
from llmkit.identity import identity
from llmkit.types import GenerationSettings

REDIS_AWAY = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:9"]},
    }
}


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    """Each test's models are its own, whatever they are called."""
    roomy.forget()


@pytest.fixture
def member(db: None) -> User:
    return User.objects.create_user("member", password="a-long-password-1")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("stranger", password="a-long-password-2")


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def conversation(member: User) -> Conversation:
    return Conversation.objects.create(owner=member, title="Foxes")


def say(
    conversation: Conversation, role: str, text: str, parent: Message | None = None, **more: Any
) -> Message:
    """One message; it becomes the conversation's leaf."""
    message = Message.objects.create(
        conversation=conversation, parent=parent, role=role, text=text, **more
    )
    conversation.leaf = message
    conversation.save()
    return message


def talk(conversation: Conversation, *texts: str) -> list[Message]:
    """Messages in turn, the person's first, each under the one before."""
    said: list[Message] = []
    for number, text in enumerate(texts):
        role = "assistant" if number % 2 else "user"
        said.append(say(conversation, role, text, said[-1] if said else None))
    return said


def begin(answer: Message, **more: Any) -> Generation:
    """A generation that this process is writing."""
    fields = {
        "message": answer,
        "start": len(answer.text),
        "model": "tiny",
        "settings": GenerationSettings().to_dict(),
        "prompt": [{"role": "user", "content": "Hello"}],
        "producer": identity(),
    }
    return Generation.objects.create(**(fields | more))
