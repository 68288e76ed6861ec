"""The process that trains, as its worker sees it: it is started, asked to stop, and ended."""

import os
import subprocess
import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

import psutil
from django.conf import settings

from llmkit import priority
from llmkit.identity import process_of
from training.run.folder import RunFolder

GRACE_SECONDS = 60.0
OUTPUT = "output.log"


class Process(Protocol):
    """What is needed of `subprocess.Popen`."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start(folder: RunFolder) -> Process:
    """`python -m training.run`, at a lower priority than what people wait for; what it prints goes
    to the run's own folder."""
    command = [sys.executable, "-m", "training.run", str(folder.path)]
    with (folder.path / OUTPUT).open("ab") as output:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    priority.lower(process.pid, settings.RUNS_NICE)
    return process


class Child:
    """`with Child(folder) as child: code = child.wait(1)`; when the block ends, so does it."""

    starter: Callable[[RunFolder], Process] = staticmethod(start)

    def __init__(self, folder: RunFolder) -> None:
        self._process = self.starter(folder)
        self._deadline: float | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, seconds: float) -> int | None:
        """Its exit code once it has ended, None where it goes on."""
        self._end_in_time()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Ask once for a checkpoint and an end; when the time for it is up, it is killed."""
        if self._deadline is None:
            self._deadline = monotonic() + GRACE_SECONDS
            self._process.terminate()

    def _end_in_time(self) -> None:
        if self._deadline is not None and monotonic() > self._deadline:
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        while self.wait(0.2) is None:
            pass


def ended(name: str, wait: Callable[[], Any]) -> None:
    """End a process that an attempt before left behind; `wait` is called while it takes time."""
    process = process_of(name)
    if process is None or process.pid == os.getpid():
        return
    deadline = monotonic() + GRACE_SECONDS
    _quietly(process.terminate)
    while process_of(name) is not None and process.status() != psutil.STATUS_ZOMBIE:
        wait()
        if monotonic() > deadline:
            _quietly(process.kill)


def _quietly(act: Callable[[], Any]) -> None:
    try:
        act()
    except psutil.NoSuchProcess:
        return
