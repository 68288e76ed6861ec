"""The web process: pages over Django, sockets over Channels, and what runs as long as it does."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmsite.settings")

from llmsite.handler import application as set_up

django_application = set_up()

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

from api.gateway import Gateway
from chat.routing import websocket_urlpatterns
from chat.streaming import producer, reaper
from llmsite import env
from llmsite.beats import Beats
from llmsite.bodies import BodyLimit
from llmsite.metrics import Measured
from llmsite.static import StaticFiles
from training import engines

Message = dict[str, Any]


async def lifespan(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Reap abandoned answers while the process runs; end this process's own when it stops."""
    await receive()
    env.pool(settings.DATABASES["default"], most=settings.DATABASE_POOL)
    reaping = asyncio.create_task(reaper.keep_reaping())
    beats = Beats("web").start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    reaping.cancel()
    with suppress(asyncio.CancelledError):
        await reaping
    await producer.finish_own()
    await asyncio.to_thread(beats.stop)
    await engines.close()
    await send({"type": "lifespan.shutdown.complete"})


pages = BodyLimit(Gateway(StaticFiles(django_application)), settings.LARGEST_REQUEST)
chatting = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
application = ProtocolTypeRouter(
    {
        "http": Measured(pages),
        "websocket": Measured(AllowedHostsOriginValidator(chatting)),
        "lifespan": lifespan,
    }
)
