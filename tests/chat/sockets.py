"""A browser's end of the chat's web sockets, without a network between."""

import json
import uuid
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.test import Client

from accounts.models import User
from chat.models import Conversation
from llmsite.asgi import application

HERE = b"http://localhost"


class Socket(ApplicationCommunicator):
    """One socket; `hear` returns the next event it was sent."""

    async def connect(self) -> bool:
        """Whether it was accepted."""
        await self.send_input({"type": "websocket.connect"})
        answered: str = (await self.receive_output(timeout=10))["type"]
        return answered == "websocket.accept"

    async def send(self, **frame: str | bytes) -> None:
        await self.send_input({"type": "websocket.receive", **frame})

    async def attach(self, message: int, have: int) -> None:
        await self.send(text=json.dumps({"message": message, "have": have}))

    async def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads((await self.receive_output(timeout=10))["text"])
        return heard

    async def close(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=10)


def session(user: User) -> bytes:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"sessionid={client.cookies['sessionid'].value}".encode()


async def open_socket(
    key: uuid.UUID, user: User | None, origin: bytes = HERE, *, kind: str = "c"
) -> Socket:
    headers = [(b"origin", origin), (b"host", b"localhost")]
    if user is not None:
        headers.append((b"cookie", await database_sync_to_async(session)(user)))
    path = f"/ws/{kind}/{key}/"
    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b""}
    return Socket(application, {**scope, "subprotocols": []})


async def owner_socket(conversation: Conversation) -> Socket:
    socket = await open_socket(conversation.pk, conversation.owner)
    assert await socket.connect()
    return socket
