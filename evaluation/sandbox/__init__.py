"""Running programs that a model wrote: in a sandbox, or not at all.

`state()` says once per process whether it works here, and if not, why. `passes(program, tests)`
runs one program. What holds: no network, no files but a read-only Python and an empty /tmp, no
other processes or threads to be seen or started, bounded memory, processor time, files and wall
time, no rights to gain. What does not: a fault in the kernel or in bubblewrap is not guarded
against, nor is the time a program takes on a shared processor; and a program that goes through its
caller's frames could say that it passed. Nothing of it ever runs in this process.
"""

from evaluation.sandbox.probe import State, state
from evaluation.sandbox.running import Outcome, SandboxError, passes

__all__ = ["Outcome", "SandboxError", "State", "passes", "state"]
