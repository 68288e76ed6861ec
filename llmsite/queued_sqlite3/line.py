"""A lock that goes to whoever has waited longest."""

import os
import threading
from collections import deque


class Line:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def enter(self, seconds: float) -> bool:
        """Whether it became ours in that time."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            place = threading.Lock()
            place.acquire()
            self._waiting.append(place)
        return place.acquire(timeout=seconds) or not self._gave_up(place)

    def _gave_up(self, place: threading.Lock) -> bool:
        """False where it was given to us after all, in this very moment."""
        with self._guard:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_lines: dict[str, Line] = {}
_making = threading.Lock()


def line_of(database: str) -> Line:
    """The one of this process."""
    with _making:
        return _lines.setdefault(database, Line())


def _forget() -> None:
    """The threads that hold or wait for a line stay behind in the parent of a forked process."""
    global _making
    _making = threading.Lock()
    _lines.clear()


os.register_at_fork(after_in_child=_forget)
