"""The process that evaluates, as its worker sees it."""

import os
import subprocess
import sys
from collections.abc import Callable

from django.conf import settings

from evaluation.run.answerers import KEY
from llmkit import priority
from training.run.folder import RunFolder
from training.services.runs.child import OUTPUT, Child, Process

Starter = Callable[[RunFolder], Process]


def starting(key: str) -> Starter:
    """`python -m evaluation.run`, at a lower priority than what people wait for.

    The server's key comes by the environment, never by a file.
    """

    def start(folder: RunFolder) -> Process:
        command = [sys.executable, "-m", "evaluation.run", str(folder.path)]
        environment = {**os.environ, **({KEY: key} if key else {})}
        with (folder.path / OUTPUT).open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        priority.lower(process.pid, settings.RUNS_NICE)
        return process

    return start


class EvaluationChild(Child):
    """With a starter of its own for each run."""

    make: Callable[[str], Starter] = staticmethod(starting)

    def __init__(self, folder: RunFolder, key: str) -> None:
        self.starter = type(self).make(key)
        super().__init__(folder)
