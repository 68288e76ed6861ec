"""Tiny models loaded once for the engine's tests."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tiny_model import TINY_MODEL, build_tiny_model

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel
    from llmkit.engine.scheduler import Scheduler

REAL_MODEL = "SmolLM2-135M-Instruct"

SchedulerMaker = Callable[..., "Scheduler"]


def load(folder: Path) -> "LoadedModel":
    import torch

    from llmkit.engine.loading import load_model

    torch.set_num_threads(1)
    return load_model(folder, dtype="float32")


@pytest.fixture(scope="session")
def tiny(tiny_models_dir: Path) -> "LoadedModel":
    return load(tiny_models_dir / TINY_MODEL)


@pytest.fixture(scope="session")
def tireless(tiny: "LoadedModel") -> "LoadedModel":
    """The tiny model without a token that ends its answer: it always writes all it may."""
    return replace(tiny, eos=frozenset())


@pytest.fixture(scope="session")
def bytes_model(tmp_path_factory: pytest.TempPathFactory) -> "LoadedModel":
    """A tiny model that writes any byte, most of them no whole character."""
    folder = tmp_path_factory.mktemp("bytes") / "bytes"
    return load(build_tiny_model(folder, printable=False))


@pytest.fixture(scope="session")
def real_model() -> "LoadedModel":
    folder = Path(os.environ.get("DATA_DIR", "data")) / "models" / REAL_MODEL
    if not folder.is_dir():
        pytest.skip(f"The default model is not in {folder}; `make run` puts it there.")
    return load(folder)


@pytest.fixture
def scheduler_of() -> SchedulerMaker:
    """Makes schedulers that nobody steps but the test."""
    from llmkit.engine.runner import Runner
    from llmkit.engine.scheduler import Scheduler

    def make(loaded: "LoadedModel", max_running: int = 8, max_waiting: int = 64) -> Scheduler:
        return Scheduler(Runner(loaded), max_running=max_running, max_waiting=max_waiting)

    return make
