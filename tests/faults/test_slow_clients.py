"""A page that does not read must not hold an answer back, nor the pages of others."""

import json
import secrets
import socket
from base64 import b64encode

import pytest

from tests.processes import Chatter

pytestmark = pytest.mark.faults

REQUESTS = 3000
OPCODE_TEXT_FINAL = 0x81
MASKED = 0x80


def frame(text: str) -> bytes:
    """A short text frame as a client sends it (RFC 6455, section 5.2)."""
    payload, mask = text.encode(), secrets.token_bytes(4)
    assert len(payload) < 126
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([OPCODE_TEXT_FINAL, MASKED | len(payload)]) + mask + masked


def deaf_socket(chatter: Chatter) -> socket.socket:
    """A web socket that is open and never read, with a buffer as small as the system lets it."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    deaf.connect(("127.0.0.1", chatter.site.port))
    lines = [
        f"GET /ws{chatter.path}/ HTTP/1.1",
        f"Host: 127.0.0.1:{chatter.site.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Origin: {chatter.site.url}",
        f"Cookie: sessionid={chatter.client.cookies['sessionid']}",
    ]
    deaf.sendall("\r\n".join([*lines, "", ""]).encode())
    assert b"101" in deaf.recv(64)
    deaf.setblocking(False)
    return deaf


def ask_until_full(deaf: socket.socket, message: int) -> None:
    """Have the long text sent so often that neither side's buffers can hold it."""
    asked = frame(json.dumps({"message": message, "have": 0}))
    for _ in range(REQUESTS):
        try:
            deaf.sendall(asked)
        except BlockingIOError:
            return


def test_a_client_that_does_not_read_holds_no_one_back(chatter: Chatter) -> None:
    first = chatter.send("x" * 1900, max_tokens="1")
    with chatter.watch(first) as watcher:
        assert watcher.until_end() == "done"
    answer = chatter.send("Once more.", max_tokens="300")
    with deaf_socket(chatter) as deaf, chatter.watch(answer) as watcher:
        ask_until_full(deaf, first - 1)
        assert watcher.until_end() == "done"
        assert len(watcher.text) == 300
