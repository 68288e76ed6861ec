"""A signal asks a run to stop; the run looks between two pieces of work."""

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from llmkit.identity import identity, is_dead

LAUNCHER = "RUN_LAUNCHER"
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """`wanted` is True from the first signal on; a method then keeps a checkpoint and leaves."""

    def __init__(self, file: Path | None = None) -> None:
        self._heard_one, self._file = False, file

    @property
    def wanted(self) -> bool:
        """A file's coming counts as a signal does."""
        if not self._heard_one and self._file is not None:
            self._heard_one = self._file.exists()
        return self._heard_one

    def ask(self) -> None:
        self._heard_one = True

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._heard)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.ask()


def end_with_parents() -> None:
    """A process of several ends when those that started it are gone, even by `kill -9`."""
    parent, launcher = os.getppid(), os.environ.get(LAUNCHER, identity())

    def watch() -> None:
        while os.getppid() == parent and not is_dead(launcher):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
