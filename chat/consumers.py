"""The socket of one open conversation: it only watches. Commands are ordinary requests."""

from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts.access import CHATTER, is_in_group
from chat.markdown import render
from chat.models import Conversation, Generation
from chat.streaming import events, store
from chat.streaming.blocks import LONGEST_RENDERED, finished_end

NOT_FOUND = 4404
MAX_FRAME = 256
MAX_ID = 2**63


class ConversationConsumer(AsyncJsonWebsocketConsumer):
    """Sends events of type delta, block, snapshot, state, end and thread for one conversation.

    A page says {"message": id, "have": characters} to (re-)attach: it gets a snapshot from there
    on. The group is joined before anything is read, so no character falls between the two.
    """

    conversation_id: UUID
    group: str | None = None

    async def connect(self) -> None:
        user = self.scope["user"]
        self.conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
        if not user.is_authenticated or not await store.in_database(self._owns, user):
            await self.accept()
            await self.close(code=NOT_FOUND)
            return
        self.group = events.group(self.conversation_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        for message_id in await store.in_database(self._live_messages):
            await self._send_snapshot(message_id, None)

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        if text_data and len(text_data) <= MAX_FRAME:
            await super().receive(text_data=text_data, **kwargs)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        try:
            return await super().decode_json(text_data)
        except ValueError:
            return None

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if not isinstance(content, dict) or self.group is None:
            return
        message, have = content.get("message"), content.get("have")
        if not isinstance(message, int) or not isinstance(have, int):
            return
        if 0 < message < MAX_ID and have >= 0:
            await self._send_snapshot(message, have)

    async def chat_event(self, event: dict[str, Any]) -> None:
        await self.send_json(event["data"])

    async def _send_snapshot(self, message_id: int, have: int | None) -> None:
        found = await store.in_database(store.snapshot, message_id, self.conversation_id)
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

    def _owns(self, user: Any) -> bool:
        mine = Conversation.objects.owned_by(user).filter(pk=self.conversation_id)
        return is_in_group(user, CHATTER) and mine.exists()

    def _live_messages(self) -> list[int]:
        live = Generation.objects.live().filter(message__conversation=self.conversation_id)
        return list(live.values_list("message_id", flat=True))
