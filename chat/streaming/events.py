"""What watchers of a conversation are told. Offsets count characters (code points)."""

import logging
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

TYPE = "chat.event"


def group(conversation_id: UUID | str) -> str:
    return f"conversation.{conversation_id}"


def comparison_group(comparison_id: UUID | str) -> str:
    return f"comparison.{comparison_id}"


async def publish(conversation_id: UUID | str, kind: str, **data: Any) -> bool:
    """Tell everyone who watches; whether it could be told. Losing a piece is harmless: watchers
    see the gap and ask again."""
    return await _send(group(conversation_id), kind, data)


async def publish_columns(comparison_id: UUID | str, **data: Any) -> None:
    """Tell everyone who watches a comparison that its columns are not what they were."""
    await _send(comparison_group(comparison_id), "columns", data)


async def _send(to: str, kind: str, data: dict[str, Any]) -> bool:
    """What was done is done, also where Redis is away and nobody hears of it."""
    try:
        await get_channel_layer().group_send(to, {"type": TYPE, "data": {"type": kind, **data}})
    except (RedisError, OSError) as error:
        log.warning("Watchers were not told of %s: %r", kind, error)
        return False
    return True
