"""A socket does not outlive the sign-in it was opened with, and one person cannot take them all."""

from collections.abc import Callable
from itertools import count

import pytest
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.db import connections

from accounts.models import User
from chat.models import Conversation
from chat.streaming import events, limits
from chat.streaming.limits import FRAMES_A_SECOND, FRAMES_AT_ONCE, Pace
from tests.chat.sockets import Socket, open_socket, owner_socket

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _connections_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def conversation(transactional_db: None) -> Conversation:
    owner = User.objects.create_user("member", password="a-long-password-1")
    return Conversation.objects.create(owner=owner, title="Foxes")


def switched_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def with_another_password(user: User) -> None:
    user.set_password("a-long-password-2")
    user.save()


def without_the_right(user: User) -> None:
    user.groups.clear()


def signed_out(user: User) -> None:
    Session.objects.all().delete()


async def told(socket: Socket, conversation: Conversation) -> str:
    """What comes of an event: the event itself, or that the socket was closed and why."""
    await events.publish(conversation.pk, "thread", tab="x")
    output = await socket.receive_output(timeout=10)
    closed = output["type"] == "websocket.close"
    return f"closed {output['code']}" if closed else str(output["text"])


@pytest.mark.parametrize(
    "change", [switched_off, with_another_password, without_the_right, signed_out]
)
async def test_an_open_socket_hears_nothing_more_once_its_person_may_not(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, change: Callable[[User], None]
) -> None:
    monkeypatch.setattr(limits, "BELIEVED_SECONDS", 0)
    socket = await owner_socket(conversation)
    assert '"thread"' in await told(socket, conversation)
    await database_sync_to_async(change)(conversation.owner)
    assert await told(socket, conversation) == "closed 4404"
    await socket.close()


async def test_one_persons_sockets_are_counted_and_given_back(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_SOCKETS", 2)
    first, second = [await owner_socket(conversation) for _ in range(2)]
    third = await open_socket(conversation.pk, conversation.owner)
    assert await third.connect()
    assert (await third.receive_output(timeout=10))["code"] == 4429
    await third.close()
    await first.close()
    fourth = await owner_socket(conversation)
    for socket in (second, fourth):
        await socket.close()
    assert limits.take_seat(conversation.owner_id)
    limits.leave_seat(conversation.owner_id)
    assert not limits._open


def test_frames_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = count(100.0, 0.0)
    monkeypatch.setattr(limits, "monotonic", lambda: next(now))
    pace = Pace()
    assert [pace.wait() for _ in range(FRAMES_AT_ONCE)] == [0.0] * FRAMES_AT_ONCE
    assert [pace.wait() for _ in range(2)] == [1 / FRAMES_A_SECOND, 2 / FRAMES_A_SECOND]
    monkeypatch.setattr(limits, "monotonic", lambda: 200.0)
    assert pace.wait() == 0.0
