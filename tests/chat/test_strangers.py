"""Every address of a conversation or a message is a 404 to anyone but its owner."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from chat.models import Comparison, Conversation
from chat.services.comparisons import Setup, columns_of, start
from chat.urls import of_a_conversation, of_a_message
from chat.urls_comparisons import of_a_column, of_a_comparison
from tests.chat.conftest import talk

pytestmark = pytest.mark.both


def addresses(patterns: list[Any], prefix: str) -> list[str]:
    """All of them, so that one added later is tried too."""
    return [f"{prefix}{p.pattern}" for p in patterns if isinstance(p, URLPattern)]


def is_hidden(client: Client, address: str) -> bool:
    """By whichever method it may be asked: a refused method would tell nothing either."""
    answers = {client.get(address).status_code, client.post(address).status_code}
    return answers in ({404}, {404, 405})


@pytest.fixture
def someone_else(stranger: Any) -> Client:
    client = Client()
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_stranger_gets_404_at_every_address_of_a_conversation(
    conversation: Conversation, someone_else: Client
) -> None:
    talk(conversation, "Tell me about foxes", "They sleep.")
    found = addresses(of_a_conversation, f"/c/{conversation.pk}/")
    assert len(found) > 10
    assert [a for a in found if not is_hidden(someone_else, a)] == []
    assert not Conversation.objects.exclude(deleted_at=None).exists()


def test_a_stranger_gets_404_at_every_address_of_a_message(
    conversation: Conversation, someone_else: Client
) -> None:
    answer = talk(conversation, "Tell me about foxes", "They sleep.")[1]
    found = addresses(of_a_message, f"/m/{answer.pk}/")
    assert len(found) > 5
    assert [a for a in found if not is_hidden(someone_else, a)] == []


def test_a_stranger_gets_404_at_every_address_of_a_comparison(
    member: Any, someone_else: Client
) -> None:
    found = start(owner=member, setups=[Setup(), Setup()])
    column = columns_of(found)[0]
    places = addresses(of_a_comparison, f"/compare/{found.pk}/")
    places += addresses(of_a_column, f"/compare/column/{column.pk}/")
    assert len(places) > 15
    assert [a for a in places if not is_hidden(someone_else, a)] == []
    assert Comparison.objects.filter(deleted_at=None).count() == 1


def test_nobody_in_particular_is_sent_to_sign_in(conversation: Conversation) -> None:
    for address in addresses(of_a_conversation, f"/c/{conversation.pk}/"):
        assert Client().post(address).status_code in (302, 401), address
