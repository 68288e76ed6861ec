"""What watchers of a conversation are told. Offsets count characters (code points)."""

from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer


def group(conversation_id: UUID | str) -> str:
    return f"conversation.{conversation_id}"


async def publish(conversation_id: UUID | str, kind: str, **data: Any) -> None:
    """Tell everyone who watches. Losing it is harmless: watchers see the gap and ask again."""
    layer = get_channel_layer()
    event = {"type": "chat.event", "data": {"type": kind, **data}}
    await layer.group_send(group(conversation_id), event)
