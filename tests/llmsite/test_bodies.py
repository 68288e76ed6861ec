"""Requests that are too large are refused before they are read."""

from collections.abc import Mapping
from typing import Any

from llmsite.bodies import BodyLimit

Message = dict[str, Any]


async def asked(limit: int, parts: list[bytes], announced: int | None) -> tuple[list[Message], int]:
    """(what was sent back, how many bytes the application saw) of one request in `parts`."""
    sent: list[Message] = []
    seen = 0
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.request", "body": b""}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(dict(message))

    async def application(scope: Message, receive: Any, send: Any) -> None:
        nonlocal seen
        while (message := await receive()).get("body"):
            seen += len(message["body"])
        await send({"type": message["type"]})

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    await BodyLimit(application, limit)({"type": "http", "headers": headers}, receive, send)
    return sent, seen


async def test_an_announced_size_is_refused_without_reading() -> None:
    sent, seen = await asked(10, [b"x" * 11], 11)
    assert sent[0]["status"] == 413 and seen == 0


async def test_an_unannounced_size_ends_at_the_limit() -> None:
    sent, seen = await asked(10, [b"x" * 6, b"x" * 6, b"x" * 6], None)
    assert sent == [{"type": "http.disconnect"}] and seen == 6


async def test_a_request_within_the_limit_passes() -> None:
    sent, seen = await asked(10, [b"x" * 5, b"x" * 5], 10)
    assert sent == [{"type": "http.request"}] and seen == 10
