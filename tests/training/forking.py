"""Processes that train, forked from the tests' own, which has read torch; some of them die."""

import multiprocessing
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from training.run.folder import RunFolder
from training.run.running import run as train
from training.run.stopping import Stop


class Forked:
    """A process that trains in the folder, forked from this one, as `subprocess.Popen` looks."""

    def __init__(self, folder: RunFolder) -> None:
        def trained() -> None:
            stop = Stop()
            stop.listen()
            os._exit(train(folder, stop))

        self._process = multiprocessing.get_context("fork").Process(target=trained)
        self._process.start()
        self.pid = self._process.pid or 0
        self.terminate, self.kill = self._process.terminate, self._process.kill

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("train", timeout or 0)
        return self._process.exitcode


def dying(starter: Callable[[RunFolder], Any], *, times: int) -> Any:
    """The first processes are killed as soon as the run's first checkpoint is there."""
    left = [times]

    def start(folder: RunFolder) -> Any:
        process = starter(folder)
        if left[0]:
            left[0] -= 1
            threading.Thread(target=kill_later, args=(process, folder)).start()
        return process

    return staticmethod(start)


def kill_later(process: Any, folder: RunFolder) -> None:
    while not any(folder.checkpoints.glob("checkpoint-*")):
        pass
    process.kill()


def killed_at_once(folder: RunFolder) -> Any:
    process = Forked(folder)
    process.kill()
    return process
