"""What one person's sockets may ask of a web process, and for how long a sign-in is believed."""

from collections import Counter
from importlib import import_module
from time import monotonic
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user

MOST_SOCKETS = 256
FRAMES_AT_ONCE, FRAMES_A_SECOND = 60, 10
BELIEVED_SECONDS = 15.0

_open: Counter[int] = Counter()


def take_seat(person: int) -> bool:
    """False for who has MOST_SOCKETS open in this process."""
    if _open[person] >= MOST_SOCKETS:
        return False
    _open[person] += 1
    return True


def leave_seat(person: int) -> None:
    _open[person] -= 1
    if _open[person] <= 0:
        del _open[person]


class Pace:
    """A socket's frames: some at once, then so many a second; the next one waits for its turn."""

    def __init__(self) -> None:
        self._left, self._at = float(FRAMES_AT_ONCE), monotonic()

    def wait(self) -> float:
        """Seconds until the frame that has come may be looked at."""
        now = monotonic()
        gained = (now - self._at) * FRAMES_A_SECOND
        self._left = min(FRAMES_AT_ONCE, self._left + gained) - 1
        self._at = now
        return max(0.0, -self._left / FRAMES_A_SECOND)


def signed_in_now(session_key: str | None) -> Any:
    """Whose session that is, read anew: nobody's once they signed out, changed their password
    elsewhere, or were switched off."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
