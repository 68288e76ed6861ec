"""Real child processes for tests, and waiting for their output and their end by events."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


class Running:
    """A process whose lines are read one by one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def until(self, text: str) -> str:
        """The next line that holds `text`; fails with all output if the process ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return line.rstrip()
        raise AssertionError(f"{text!r} never came:\n" + "\n".join(self.lines))

    def ended(self) -> int:
        """Read to the end and give the exit code."""
        assert self.process.stdout is not None
        self.lines += [line.rstrip() for line in self.process.stdout]
        return self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start `command`; whatever the test does, it is gone afterwards, at the latest by KILL."""
    process = subprocess.Popen(
        [*command],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
    watchdog.start()
    try:
        yield Running(process)
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


class Watched:
    """A process that is not our child, held by a descriptor so that its id cannot be reused."""

    def __init__(self, pid: int) -> None:
        self.descriptor = os.pidfd_open(pid)

    def ended(self) -> bool:
        """Wait for its end; False if it outlives our patience."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        gone = bool(poll.poll(PATIENCE_SECONDS * 1000))
        os.close(self.descriptor)
        return gone
