"""A thread that says every few seconds that this process lives."""

import logging
import os
import socket
import threading
from collections.abc import Callable

from django.db import Error, connection

from llmsite.models import HEARD_EVERY, Process

log = logging.getLogger(__name__)


class Beats:
    """`start` begins, `stop` takes the row away. A database that is gone is tried again."""

    def __init__(self, kind: str) -> None:
        self._me = (kind, socket.gethostname()[:200], os.getpid())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def start(self) -> "Beats":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(HEARD_EVERY.total_seconds())

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._say(Process.objects.hear)
            self._stopped.wait(HEARD_EVERY.total_seconds())
        self._say(Process.objects.left)

    def _say(self, what: Callable[[str, str, int], None]) -> None:
        try:
            what(*self._me)
        except Error as error:
            log.debug("This process could not say that it lives: %s", error)
        finally:
            connection.close()
