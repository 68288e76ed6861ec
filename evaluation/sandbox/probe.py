"""Whether programs can be run safely here: tried once, with programs that must fail."""

import shutil
from dataclasses import dataclass
from functools import cache

from evaluation.sandbox import seccomp
from evaluation.sandbox.running import passes

PROGRAMS = ("bwrap", "prlimit")
CARDS = """
names = {line.partition(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]}
assert names - {"lo"}
"""
HOLDS = {
    "the network is reachable": CARDS,
    "files can be written": "open('/usr/probe', 'w')",
    "the machine's files can be read": "open('/etc/passwd')",
    "processes can be started": "import os\nos.fork() or os._exit(1)",
}


@dataclass(frozen=True)
class State:
    """`reason` says why it is off and what to do; empty where it works."""

    works: bool
    reason: str = ""


@cache
def state() -> State:
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return State(False, f"{missing[0]} is not installed. Install bubblewrap and util-linux.")
    if not seccomp.known():
        return State(False, "There is no filter of system calls for this processor.")
    if not (found := passes("x = 1", "assert x == 1")).passed:
        why = found.why
        return State(False, f"bubblewrap does not run here ({why}): user namespaces may be off.")
    open_doors = [told for told, program in HOLDS.items() if passes(program, "").passed]
    if open_doors:
        return State(False, f"bubblewrap runs here, but {open_doors[0]} inside.")
    return State(True)
