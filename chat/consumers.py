"""The sockets of open pages: they only watch. Commands are ordinary requests."""

import asyncio
from collections.abc import Collection
from time import monotonic
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts.access import CHATTER, is_in_group
from chat.markdown import render
from chat.models import Column, Comparison, Conversation, Generation
from chat.streaming import events, limits, store
from chat.streaming.blocks import LONGEST_RENDERED, finished_end
from chat.streaming.database import in_database

NOT_FOUND, TOO_MANY = 4404, 4429
MAX_FRAME = 256
MAX_ID = 2**63


class AnswersConsumer(AsyncJsonWebsocketConsumer):
    """Sends events of type delta, block, snapshot, state, end and thread for what it watches.

    A page says {"message": id, "have": characters} to (re-)attach: it gets a snapshot from there
    on. The groups are joined before anything is read, so no character falls between the two.

    Who is let in is looked at again while there is something to tell, so a socket does not outlive
    the sign-in that it was opened with.
    """

    key: UUID
    seated_by = 0
    let_in_at = 0.0
    is_over = False
    watched: Collection[UUID] = ()
    joined: frozenset[str] = frozenset()

    async def connect(self) -> None:
        user = self.scope["user"]
        self.key = self.scope["url_route"]["kwargs"]["key"]
        if not user.is_authenticated or not await in_database(self._may_watch, user):
            await self._refuse(NOT_FOUND)
            return
        if not limits.take_seat(user.pk):
            await self._refuse(TOO_MANY)
            return
        self.seated_by, self.let_in_at, self.pace = user.pk, monotonic(), limits.Pace()
        await self._join()
        await self.accept()
        for message_id in await in_database(self._live_messages):
            await self._send_snapshot(message_id, None)

    async def _refuse(self, code: int) -> None:
        """Accepted first, so that the browser gets to see the code."""
        await self.accept()
        await self.close(code=code)

    async def disconnect(self, code: int) -> None:
        if self.seated_by:
            limits.leave_seat(self.seated_by)
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        if self.seated_by and (seconds := self.pace.wait()):
            await asyncio.sleep(seconds)
        if text_data and len(text_data) <= MAX_FRAME:
            await super().receive(text_data=text_data, **kwargs)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        try:
            return await super().decode_json(text_data)
        except ValueError:
            return None

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if not isinstance(content, dict) or not self.joined:
            return
        message, have = content.get("message"), content.get("have")
        if not isinstance(message, int) or not isinstance(have, int):
            return
        if 0 < message < MAX_ID and have >= 0 and await self._is_let_in():
            await self._send_snapshot(message, have)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """What is only passed on skips Channels' look for old connections, a trip to a thread and
        back for each event; what reads the database does so by `in_database`, which looks itself.
        """
        if message["type"] == events.TYPE:
            await self.chat_event(message)
        else:
            await super().dispatch(message)

    async def chat_event(self, event: dict[str, Any]) -> None:
        if await self._is_let_in():
            await self.send_json(event["data"])

    async def _is_let_in(self) -> bool:
        """As it was seconds ago, or looked at anew; whoever is not any more is shown the door."""
        if not self.is_over and monotonic() - self.let_in_at >= limits.BELIEVED_SECONDS:
            self.let_in_at = monotonic()
            self.is_over = not await in_database(self._may_still_watch)
            if self.is_over:
                await self.close(code=NOT_FOUND)
        return not self.is_over

    async def _join(self) -> None:
        """Join the groups of all that is to be watched now; those left behind stay joined."""
        self.watched = await in_database(self._conversations)
        groups = {events.group(conversation) for conversation in self.watched} | self._own_groups()
        for group in groups - self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        self.joined |= groups

    async def _send_snapshot(self, message_id: int, have: int | None) -> None:
        found = await in_database(store.snapshot, message_id, self.watched)
        if found is None:
            return
        at = min(have or 0, len(found.text))
        await self.send_json(
            {
                "type": "snapshot",
                "message": message_id,
                "at": at,
                "end": len(found.text),
                "text": found.text[at:],
                "state": found.state,
                "position": found.position,
                "wait": found.wait,
                "status": found.status,
                "loaded": found.loaded,
            }
        )
        await self._send_blocks(message_id, found.text)

    async def _send_blocks(self, message_id: int, text: str) -> None:
        """All finished blocks as one, from the beginning: it replaces what the page has of them."""
        end = finished_end(text[:LONGEST_RENDERED])
        if end:
            html = render(text[:end])
            block = {"type": "block", "message": message_id, "at": 0, "end": end, "html": html}
            await self.send_json(block)

    def _may_still_watch(self) -> bool:
        user = limits.signed_in_now(self.scope["session"].session_key)
        return bool(user.is_authenticated) and self._may_watch(user)

    def _may_watch(self, user: Any) -> bool:
        return is_in_group(user, CHATTER) and self._owns(user)

    def _live_messages(self) -> list[int]:
        live = Generation.objects.live().filter(message__conversation__in=self.watched)
        return list(live.values_list("message_id", flat=True))

    def _own_groups(self) -> set[str]:
        return set()

    def _owns(self, user: Any) -> bool:
        raise NotImplementedError

    def _conversations(self) -> Collection[UUID]:
        raise NotImplementedError


class ConversationConsumer(AnswersConsumer):
    """One conversation, whose id is the key."""

    def _owns(self, user: Any) -> bool:
        return Conversation.objects.owned_by(user).filter(pk=self.key).exists()

    def _conversations(self) -> Collection[UUID]:
        return {self.key}


class ComparisonConsumer(AnswersConsumer):
    """All columns of one comparison, whose id is the key; `columns` says that they changed."""

    async def chat_event(self, event: dict[str, Any]) -> None:
        if event["data"]["type"] == "columns":
            await self._join()
        await super().chat_event(event)

    async def _send_snapshot(self, message_id: int, have: int | None) -> None:
        """A page may know of a column before this socket has heard that it was added."""
        if not await in_database(self._is_watched, message_id):
            await self._join()
        await super()._send_snapshot(message_id, have)

    def _is_watched(self, message_id: int) -> bool:
        return Conversation.objects.filter(pk__in=self.watched, messages=message_id).exists()

    def _own_groups(self) -> set[str]:
        return {events.comparison_group(self.key)}

    def _owns(self, user: Any) -> bool:
        return Comparison.objects.owned_by(user).filter(pk=self.key).exists()

    def _conversations(self) -> Collection[UUID]:
        columns = Column.objects.shown().filter(comparison=self.key)
        return set(columns.values_list("conversation_id", flat=True))
