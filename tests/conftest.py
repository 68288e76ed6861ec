"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

from tests.tiny_model import TINY_MODEL, build_tiny_model


@pytest.fixture(scope="session")
def tiny_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder holding one served model, named `tiny`."""
    folder = tmp_path_factory.mktemp("models")
    build_tiny_model(folder / TINY_MODEL)
    return folder
