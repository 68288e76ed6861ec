"""Ends answers whose producer is gone: at once where its process is seen dead, else by silence."""

import asyncio
import logging
import socket
from contextlib import suppress

import psutil

from chat.models import Generation
from chat.streaming import events, store

EVERY_SECONDS = 10.0
log = logging.getLogger(__name__)


def is_dead(producer: str) -> bool:
    """True only where this host can know it: no such process, or another one with its number."""
    host, pid, started = producer.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True


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
            for generation in await store.in_database(reap):
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
