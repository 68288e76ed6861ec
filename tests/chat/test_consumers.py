"""The socket of a conversation: who may listen, and that nobody misses or repeats a character."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from chat.models import Comparison, Conversation, Generation
from chat.services import comparisons
from chat.services.comparisons import Setup
from chat.streaming import events, producer, store
from chat.streaming.database import in_database
from tests.chat.conftest import begin, talk
from tests.chat.sockets import Socket, open_socket, owner_socket

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]

PIECES = st.lists(st.text("ab\n🦊é", min_size=1, max_size=4), min_size=1, max_size=6)
DELIVERIES = st.lists(st.sampled_from(["told", "lost", "twice", "attach"]), min_size=6, max_size=6)


@pytest.fixture(autouse=True)
def _connections_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of threads that outlive the test would keep its database from being removed."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def conversation(transactional_db: None) -> Conversation:
    owner = User.objects.create_user("member", password="a-long-password-1")
    return Conversation.objects.create(owner=owner, title="Foxes")


@pytest.fixture
def answer(conversation: Conversation) -> Generation:
    """A live generation without text."""
    return begin(talk(conversation, "Tell me about foxes", "")[1])


async def close_code(socket: Socket) -> int:
    """Accepted first, so that the browser gets to see the code."""
    assert await socket.connect()
    closed: int = (await socket.receive_output(timeout=10))["code"]
    return closed


async def test_another_site_may_not_open_a_socket(conversation: Conversation) -> None:
    socket = await open_socket(conversation.pk, conversation.owner, b"http://evil.example")
    assert not await socket.connect()


async def test_nobody_is_let_in_without_signing_in(conversation: Conversation) -> None:
    assert await close_code(await open_socket(conversation.pk, None)) == 4404


async def test_a_stranger_learns_nothing_about_a_conversation(conversation: Conversation) -> None:
    make = database_sync_to_async(User.objects.create_user)
    stranger = await make("stranger", password="a-long-password-2")
    assert await close_code(await open_socket(conversation.pk, stranger)) == 4404
    assert await close_code(await open_socket(uuid.uuid4(), stranger)) == 4404


async def test_a_deleted_conversation_has_no_socket(conversation: Conversation) -> None:
    trash = Conversation.objects.filter(pk=conversation.pk)
    await trash.aupdate(deleted_at=conversation.created_at)
    assert await close_code(await open_socket(conversation.pk, conversation.owner)) == 4404


async def test_one_socket_watches_all_columns_and_those_added_later(
    conversation: Conversation,
) -> None:
    owner = conversation.owner
    found, live = await database_sync_to_async(compared)(owner)
    socket = await open_socket(found.pk, owner, kind="compare")
    assert await socket.connect()
    assert {(await socket.hear())["message"] for _ in live} == {g.message_id for g in live}
    added = await database_sync_to_async(in_a_new_column)(found)
    await socket.attach(added.message_id, 0)
    assert (await socket.hear())["message"] == added.message_id
    await socket.attach((await answer_elsewhere(conversation)).message_id, 0)
    for generation in (*live, added):
        told = {"message": generation.message_id, "at": 0, "end": 3, "text": "Fox"}
        await events.publish(generation.message.conversation_id, "delta", **told)
        assert (await socket.hear())["message"] == generation.message_id
    await events.publish_columns(found.pk, tab="other")
    assert await socket.hear() == {"type": "columns", "tab": "other"}
    await socket.close()
    stranger = await database_sync_to_async(User.objects.create_user)("stranger")
    assert await close_code(await open_socket(found.pk, stranger, kind="compare")) == 4404


def compared(owner: User) -> tuple[Comparison, list[Generation]]:
    """A comparison with a live answer in each column."""
    found = comparisons.start(owner=owner, setups=[Setup(), Setup()])
    columns = comparisons.columns_of(found)
    return found, [begin(talk(column.conversation, "Foxes?", "")[1]) for column in columns]


def in_a_new_column(found: Comparison) -> Generation:
    column = comparisons.add_column(comparison=found)
    return begin(talk(column.conversation, "Foxes?", "")[1])


async def answer_elsewhere(conversation: Conversation) -> Generation:
    return await database_sync_to_async(lambda: begin(talk(conversation, "Wolves?", "")[1]))()


async def test_a_watcher_gets_what_is_written_then_what_follows(answer: Generation) -> None:
    conversation = answer.message.conversation
    await in_database(store.append, answer, 0, "A fox 🦊")
    socket = await owner_socket(conversation)
    first = await socket.hear()
    assert (first["at"], first["end"], first["text"]) == (0, 7, "A fox 🦊")
    await socket.attach(answer.message_id, 6)
    assert (await socket.hear())["text"] == "🦊"
    told = {"message": answer.message_id, "at": 7, "end": 13, "text": " sleeps"}
    await events.publish(conversation.pk, "delta", **told)
    assert await socket.hear() == {"type": "delta", **told}
    await socket.close()


async def test_an_end_that_nobody_could_be_told_of_is_told_when_redis_is_back(
    answer: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "END_TOLD_AGAIN_AFTER", (0.01,) * 1000)
    found = await in_database(store.load, str(answer.pk))
    socket = await owner_socket(answer.message.conversation)
    assert (await socket.hear())["type"] == "snapshot"
    here, tried = events.get_channel_layer, asyncio.Event()

    def away() -> Any:
        tried.set()
        return RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:9"])

    monkeypatch.setattr(events, "get_channel_layer", away)
    ending = asyncio.create_task(producer.Producer(found)._end("done"))
    await asyncio.wait_for(tried.wait(), 20)
    monkeypatch.setattr(events, "get_channel_layer", here)
    assert (await socket.hear())["state"] == "done"
    await ending
    await socket.close()


async def test_messages_of_other_conversations_are_not_read_out(answer: Generation) -> None:
    conversation = answer.message.conversation
    other = await Conversation.objects.acreate(owner=conversation.owner)
    socket = await owner_socket(other)
    await socket.attach(answer.message_id, 0)
    assert await socket.receive_nothing()
    await socket.close()


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "no json",
        "[]",
        "7",
        "null",
        "{}",
        '{"message": "1", "have": 0}',
        '{"message": 1, "have": -1}',
        '{"message": -99999999999999999999999999, "have": 0}',
        '{"message": 1, "have": null}',
        '{"message": true, "have": 0}',
        '{"message": 99999999999999999999999999, "have": 0}',
        '{"message": 1, "have": 99999999999999999999999999}',
        '{"message": NaN, "have": 0}',
        "[" * 250,
        "[" * 4000,
        "x" * 5000,
    ],
    ids=lambda frame: frame[:40],
)
async def test_a_malformed_frame_is_ignored(answer: Generation, frame: str) -> None:
    socket = await owner_socket(answer.message.conversation)
    await socket.hear()
    await socket.send(text=frame)
    await socket.send(bytes=b"\x00\xff")
    await socket.attach(answer.message_id, 0)
    heard = await socket.hear()
    while heard["message"] != answer.message_id:
        heard = await socket.hear()
    assert heard["type"] == "snapshot"
    await socket.close()


class Page:
    """What a page keeps of an answer: it takes what fits, and asks again where it sees a gap."""

    def __init__(self, socket: Socket, message: int) -> None:
        self.socket, self.message, self.text, self.state = socket, message, "", "queued"

    async def attach(self) -> None:
        await self.socket.attach(self.message, len(self.text))

    async def follow(self) -> None:
        while self.state in ("queued", "running"):
            event = await self.socket.hear()
            if event["type"] in ("delta", "snapshot"):
                await self.take(event)
            self.state = event.get("state", self.state)

    async def take(self, event: dict[str, Any]) -> None:
        if event["at"] > len(self.text):
            await self.attach()
        elif event["end"] > len(self.text):
            self.text += event["text"][len(self.text) - event["at"] :]


async def write(
    answer: Generation,
    pieces: list[str],
    deliveries: list[str],
    attach: Callable[[], Awaitable[None]],
) -> None:
    """As the producer does it, except that telling may fail, repeat, or meet an attaching page."""
    at = 0
    for piece, delivery in zip(pieces, deliveries, strict=False):
        await in_database(store.append, answer, at, piece)
        told = {"message": answer.message_id, "at": at, "end": at + len(piece), "text": piece}
        at += len(piece)
        if delivery == "attach":
            await attach()
        for _ in range({"told": 1, "lost": 0, "twice": 2, "attach": 1}[delivery]):
            await events.publish(answer.message.conversation_id, "delta", **told)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=PIECES, deliveries=DELIVERIES)
def test_any_order_of_writing_telling_and_attaching_yields_the_exact_text(
    conversation: Conversation, pieces: list[str], deliveries: list[str]
) -> None:
    answer = begin(talk(conversation, "Tell me about foxes", "")[1])
    text = asyncio.run(followed(answer, pieces, deliveries))
    assert text == "".join(pieces)


async def followed(answer: Generation, pieces: list[str], deliveries: list[str]) -> str:
    """The text that a page has at the end, which attaches once more when it hears of it."""
    socket = await owner_socket(answer.message.conversation)
    page = Page(socket, answer.message_id)
    following = asyncio.create_task(page.follow())
    await write(answer, pieces, deliveries, page.attach)
    await in_database(store.finish, answer.pk, "done", producer=answer.producer)
    await page.attach()
    await following
    await socket.close()
    return page.text
