"""What watchers of a conversation are told. Offsets count characters (code points)."""

from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

TYPE = "chat.event"


def group(conversation_id: UUID | str) -> str:
    return f"conversation.{conversation_id}"


def comparison_group(comparison_id: UUID | str) -> str:
    return f"comparison.{comparison_id}"


async def publish(conversation_id: UUID | str, kind: str, **data: Any) -> None:
    """Tell everyone who watches. Losing it is harmless: watchers see the gap and ask again."""
    await _send(group(conversation_id), kind, data)


async def publish_columns(comparison_id: UUID | str, **data: Any) -> None:
    """Tell everyone who watches a comparison that its columns are not what they were."""
    await _send(comparison_group(comparison_id), "columns", data)


async def _send(to: str, kind: str, data: dict[str, Any]) -> None:
    layer = get_channel_layer()
    await layer.group_send(to, {"type": TYPE, "data": {"type": kind, **data}})
