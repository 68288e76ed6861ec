"""Requests larger than anything here has a use for end before they are read.

Django spools a whole request to disk before a view can look at its size. A proxy may refuse
earlier; this holds without one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SENTENCE = "This is larger than the server takes."


class BodyLimit:
    """An ASGI application in front of another one, which sees at most `most` bytes of a body."""

    def __init__(self, app: App, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self._announced(scope) > self.most:
            await refuse(send)
        else:
            await self.app(scope, self._counting(receive), send)

    def _announced(self, scope: Message) -> int:
        """Bytes by the request's own word; a server gives no more than that."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    def _counting(self, receive: Receive) -> Receive:
        """A body of no announced length that grows too long ends as if the browser had left."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= self.most else {"type": "http.disconnect"}

        return counted


async def refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": SENTENCE.encode()})
