"""End the supervisor's children when the supervisor itself is gone, even by kill -9.

Runs as a small process of its own (`python -m llmsite.orphans FD`) at the reading end of a pipe.
The supervisor writes `+GROUP` for a started process group and `-GROUP` for one that ended; when
the pipe closes, what is still listed is ended. Groups, not processes: a worker's children too.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 8.0


def follow(lines: Iterable[str]) -> set[int]:
    """The process groups left once `lines` has ended."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    return groups


def end(groups: set[int], grace: float = GRACE_SECONDS) -> None:
    """TERM every group's first process, then KILL what is left of the groups after `grace`."""
    for group in groups:
        with suppress(ProcessLookupError):
            os.kill(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    with os.fdopen(int(sys.argv[1])) as pipe:
        remaining = follow(pipe)
    end(remaining)
