"""A registry with the tiny model, people by right, and evaluations in forked processes."""

import json
import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from evaluation.run.running import run as evaluate
from evaluation.services.runs import working
from evaluation.services.runs.child import EvaluationChild
from tests.training.conftest import admin, data, installed, page, source, tasks, trainer
from training.run.folder import RunFolder
from training.run.stopping import Stop
from training.services import registry

__all__ = ["admin", "data", "installed", "page", "source", "tasks", "trainer"]


class ForkedEvaluation:
    """A process that evaluates, forked from this one, as `subprocess.Popen` looks."""

    def __init__(self, folder: RunFolder) -> None:
        def evaluated() -> None:
            stop = Stop()
            stop.listen()
            os._exit(evaluate(folder, stop))

        self._process = multiprocessing.get_context("fork").Process(target=evaluated)
        self._process.start()
        self.pid = self._process.pid or 0
        self.terminate, self.kill = self._process.terminate, self._process.kill

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("evaluate", timeout or 0)
        return self._process.exitcode


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("DISABLE_MULTIPROC", "1")
    import lm_eval.evaluator  # noqa: F401  so that no forked process reads it anew

    import llmkit.engine.opening  # noqa: F401

    monkeypatch.setattr(EvaluationChild, "make", staticmethod(lambda key: ForkedEvaluation))
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.05)
    yield


@pytest.fixture
def ready(installed: Callable[[str], Path], admin: User, settings: Any) -> Path:
    settings.DEFAULT_MODEL = "tiny"
    found = installed("tiny")
    registry.sync()
    return found


@pytest.fixture
def shell(owner: User) -> Callable[..., Any]:
    """`shell("evaluate", "--benchmark", "cola")`: what the command prints, read as JSON."""

    def call(*arguments: str) -> Any:
        out = StringIO()
        call_command(*arguments, "--format", "json", stdout=out)
        return json.loads(out.getvalue())

    return call
