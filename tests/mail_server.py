"""A mail server on a free port of the loopback interface, as far as taking a message goes."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message

ENCODING = "utf-8"


class Conversation(socketserver.StreamRequestHandler):
    """RFC 5321 without extensions: a greeting, an envelope, the message, good-bye."""

    server: "MailServer"

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            verb = line[:4].strip().upper().decode(ENCODING)
            if verb == "DATA":
                self._say("354 go on")
                self.server.took.append(message_from_bytes(self._message()))
            self._say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def _message(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode(ENCODING))


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.took: list[Message] = []
        super().__init__(("127.0.0.1", port), Conversation)


@contextmanager
def mail_server(port: int) -> Iterator[list[Message]]:
    """What it took, in the order in which it came."""
    with MailServer(port) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.took
        server.shutdown()
