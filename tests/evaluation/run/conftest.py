"""Runs in folders of their own, asked of the tiny model in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation import benchmarks
from evaluation.benchmarks import bringing
from tests.tiny_model import TINY_MODEL
from training.run.folder import RunFolder
from training.run.stopping import Stop


class StopAfter(Stop):
    """Asks for an end when it was looked at that often."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    @property
    def wanted(self) -> bool:
        self.left -= 1
        return self.left < 0


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder_for(tiny_models_dir: Path, tmp_path: Path) -> Callable[..., RunFolder]:
    """`folder_for("starter", limit=2)`: a run's folder over shipped items, ready to be run."""

    def make(*names: str, at: str = "run", **spec: Any) -> RunFolder:
        folder = RunFolder(tmp_path / at)
        tasks = [task for name in names for task in benchmarks.benchmark(name).tasks]
        here = [(task, bringing.local(task, tmp_path / "benchmarks")) for task in tasks]
        told = [
            {**task.to_dict(), "data": {split: str(found.path) for split, found in local.items()}}
            for task, local in here
        ]
        model = {"name": TINY_MODEL, "path": str(tiny_models_dir / TINY_MODEL)}
        folder.write_config({"model": model, "tasks": told, "together": 4, **spec})
        return folder

    return make
