"""A signal asks a run to stop; the run looks between two pieces of work."""

import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """`wanted` is True from the first signal on; a method then keeps a checkpoint and leaves."""

    def __init__(self) -> None:
        self.wanted = False

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._heard)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.wanted = True
