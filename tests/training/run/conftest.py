"""Runs of a tiny model, in this process or in children forked from it: torch is read once."""

import json
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from llmkit import heads, scoring
from llmkit.tuning.opening import Opened, open_base
from tests.tiny_adapters import build_adapter
from tests.tiny_model import TINY_MODEL
from training.run.events import read_events
from training.run.folder import RunFolder
from training.run.running import run
from training.run.stopping import Stop

RunMaker = Callable[..., RunFolder]
SUMS = [
    {"messages": [{"role": "user", "content": f"{n} + {n}?"}], "completion": f"It is {2 * n}."}
    for n in range(32)
]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def run_of(tiny_models_dir: Path, tmp_path: Path) -> RunMaker:
    """`run_of("sft", name, max_steps=…)` writes a run's folder over the tiny model."""

    def make(
        method: str,
        name: str = "run",
        rows: list[dict[str, Any]] = SUMS,
        *,
        peft: dict[str, Any] | None = None,
        more: dict[str, Any] | None = None,
        **config: Any,
    ) -> RunFolder:
        folder = RunFolder(tmp_path / "runs" / name)
        split = 3 * len(rows) // 4
        write_rows(folder.data / "train.jsonl", rows[:split])
        write_rows(folder.data / "validation.jsonl", rows[split:])
        folder.write_config(
            {
                "method": method,
                "config": config,
                "model": {"name": TINY_MODEL, "path": str(tiny_models_dir / TINY_MODEL)},
                "peft": peft or {"kind": "lora", "rank": 4, "dropout": 0.1},
                "data": [{"name": "rows", "files": FILES}],
                "threads": 1,
                **(more or {}),
            }
        )
        return folder

    return make


FILES = {"train": "data/train.jsonl", "validation": "data/validation.jsonl"}


def in_a_child(folder: RunFolder) -> Any:
    """A process that trains in the folder and listens to signals as `training.run` does."""

    def train() -> None:
        import os

        stop = Stop()
        stop.listen()
        os._exit(run(folder, stop))

    child = multiprocessing.get_context("fork").Process(target=train)
    child.start()
    return child


def events_of(folder: RunFolder, kind: str) -> list[dict[str, Any]]:
    return [event for _, event in read_events(folder.events_file) if event["kind"] == kind]


def measures_of(folder: RunFolder) -> dict[int, dict[str, float]]:
    """By step; what came again after a resumption counts last."""
    found: dict[int, dict[str, float]] = {}
    for event in events_of(folder, "metrics"):
        found.setdefault(event["step"], {}).update(event["values"])
    return found


def weights_of(folder: RunFolder) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder.artifact / "adapter_model.safetensors")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    yield


@pytest.fixture(scope="session")
def opened(tiny_models_dir: Path) -> Opened:
    """The tiny model, frozen."""
    return open_base(tiny_models_dir / "tiny")


@pytest.fixture(scope="session")
def reward_model(tiny_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained one, in the files of a trained one."""
    folder = build_adapter(tiny_models_dir / "tiny", tmp_path_factory.mktemp("reward") / "r")
    torch.manual_seed(3)
    heads.save(heads.scalar_head(64), folder)
    scoring.save_facts(folder, scoring.Normalisation(0.1, 2.0))
    return folder


@pytest.fixture(scope="session")
def sft_adapter(tiny_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sft") / "a"
    return build_adapter(tiny_models_dir / "tiny", folder, seed=9)
