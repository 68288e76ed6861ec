"""One file of a stranger, read by a process of its own: bounded in time, in memory and in number.

The asking side calls `confined`; the module it names calls `limit` before it looks at anything.
What is not covered: that process could still open connections, so a fault in a library that runs
foreign code is not caged.
"""

import resource
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE, START_SECONDS = 2, 10
ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
_places = threading.BoundedSemaphore(AT_ONCE)


class BusyError(Exception):
    """AT_ONCE files were being read for as long as this one may take."""

    def __init__(self) -> None:
        super().__init__("The server is busy with other files. Try again in a moment.")


class TooSlowError(Exception):
    """It had not ended when its time was over."""


def confined(
    module: str, *arguments: object, seconds: int, memory_mb: int, file: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """`python -m MODULE SECONDS MEMORY_MB ARGUMENTS…` with `file` as its standard input.

    `seconds` of processor time. A negative return code means that it was ended for its time or
    its memory. BusyError, TooSlowError.
    """
    if not _places.acquire(timeout=seconds):
        raise BusyError
    command = [sys.executable, "-m", module, *map(str, (seconds, memory_mb, *arguments))]
    try:
        with Path(file or "/dev/null").open("rb") as given:
            return subprocess.run(
                command,
                stdin=given,
                capture_output=True,
                cwd=ROOT,
                env=ENVIRONMENT,
                timeout=seconds + START_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise TooSlowError from error
    finally:
        _places.release()


def limit(seconds: int, memory_mb: int) -> None:
    """This process may take so much, write no file and leave no core."""
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tail(output: bytes) -> str:
    """The end of what it printed, for the log."""
    return output.decode(errors="replace").strip()[-300:]
