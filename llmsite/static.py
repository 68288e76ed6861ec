"""Style sheets, scripts and pictures, answered before Django is asked."""

import asyncio
from collections.abc import Mapping
from typing import Any

from servestatic.asgi import FileServerASGI
from servestatic.middleware import ServeStaticMiddleware

from llmsite.bodies import App, Message, Receive, Send

NOT_TO_BE_GUESSED = (b"x-content-type-options", b"nosniff")


class StaticFiles:
    """An ASGI application in front of another one; what lies under STATIC_URL it answers itself.

    ServeStatic's middleware knows Django's files and manifest, but as middleware it would make all
    of Django's chain asynchronous.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._known = ServeStaticMiddleware(_nothing)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        found = await self._found(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
        else:
            await FileServerASGI(found)(scope, receive, typed(send))

    async def _found(self, path: str) -> Any:
        if not path.startswith(self._known.static_prefix):
            return None
        if self._known.autorefresh:
            return await asyncio.to_thread(self._known.find_file, path)
        return self._known.files.get(path)


def typed(send: Send) -> Send:
    """With the word that a file's type is not to be guessed, as Django's pages have it."""

    async def sending(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], NOT_TO_BE_GUESSED]}
        await send(message)

    return sending


async def _nothing(request: object) -> None:
    """Stands where ServeStatic expects the rest of Django."""
