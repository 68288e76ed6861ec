"""Ends answers whose producer is gone: at once where its process is seen dead, else by silence."""

import asyncio
import logging
from contextlib import suppress

from chat.models import Generation
from chat.streaming import events, store
from chat.streaming.database import in_database
from llmkit.identity import is_dead

EVERY_SECONDS = 10.0
log = logging.getLogger(__name__)


def reap() -> list[Generation]:
    """Interrupt the abandoned ones, keeping their text; returns those that this call ended."""
    silent = set(Generation.objects.silent().values_list("pk", flat=True))
    live = Generation.objects.live().select_related("message")
    gone = [g for g in live if g.pk in silent or is_dead(g.producer)]
    return [g for g in gone if store.finish(g.pk, Generation.State.INTERRUPTED)]


async def keep_reaping() -> None:
    """Run for as long as the web process does."""
    while True:
        try:
            for generation in await in_database(reap):
                await _tell(generation)
        except Exception:
            log.exception("Looking for abandoned answers failed; trying again")
        await asyncio.sleep(EVERY_SECONDS)


async def _tell(generation: Generation) -> None:
    message = generation.message
    with suppress(Exception):
        await events.publish(
            message.conversation_id, "end", message=message.pk, state="interrupted"
        )
