"""Letting others go first: long work takes the processor time that nobody else wants.

A nice value alone does little on Linux where sessions are weighed against each other (autogroup,
sched(7)): two busy processes of two sessions then share a core evenly, whatever their nice values.
A session has a nice value of its own for that, which its leader can set.
"""

import os
from contextlib import suppress
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")


def lower(pid: int, niceness: int) -> None:
    """Give the process and all that it will start this nice value, unless it has a higher one."""
    with suppress(OSError):
        now = os.getpriority(os.PRIO_PROCESS, pid)
        os.setpriority(os.PRIO_PROCESS, pid, max(now, niceness))


def lower_own_session(niceness: int) -> None:
    """The same for this process, and for its session where that is its own."""
    lower(os.getpid(), niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(niceness))
