"""Fetching from a hub: only what is wanted, refused before the weights, and quick to give up."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from llmkit.adding import AddError
from llmkit.adding.hub import fetch
from tests.llmkit.tiny_hub import TinyHub, tiny_hub
from tests.tiny_model import TINY_MODEL

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running() -> Iterator[TinyHub]:
    with tiny_hub() as hub:
        yield hub


@pytest.fixture
def hub(running: TinyHub, tiny_models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> TinyHub:
    monkeypatch.setenv("HF_ENDPOINT", running.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    running.models = {"acme/tiny": tiny_models_dir / TINY_MODEL}
    running.extra, running.stalls = [], False
    running.asked.clear()
    return running


def fetched(repo: str, folder: Path) -> list[str]:
    """The names of the files that a fetch leaves."""
    folder.mkdir(exist_ok=True)
    fetch(repo, "", folder, lambda progress: None)
    return sorted(path.name for path in folder.iterdir())


def test_only_what_is_wanted_is_fetched_and_the_weights_last(hub: TinyHub, tmp_path: Path) -> None:
    hub.extra = ["pytorch_model.bin", "modeling.py", "onnx/model.onnx", ".gitattributes"]
    names = fetched("acme/tiny", tmp_path / "model")
    assert set(names) == {path.name for path in hub.models["acme/tiny"].iterdir()}
    assert hub.asked[-1] == "model.safetensors"
    assert set(hub.asked) == set(names)


def test_it_is_refused_before_its_weights_are_fetched(hub: TinyHub, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(hub.models["acme/tiny"], odd)
    (odd / "config.json").write_text('{"auto_map": {"AutoModel": "x.X"}}')
    hub.models["acme/odd"] = odd
    with pytest.raises(AddError, match="Python code of its own"):
        fetched("acme/odd", tmp_path / "model")
    assert "model.safetensors" not in hub.asked


@pytest.mark.parametrize("name", ["../../secret.json", "/etc/x.json"])
def test_a_hub_that_names_files_elsewhere_is_refused(
    hub: TinyHub, tmp_path: Path, name: str
) -> None:
    hub.extra = [name]
    with pytest.raises(AddError, match="leads out"):
        fetched("acme/tiny", tmp_path / "model")
    assert hub.asked == []


def test_a_model_that_is_not_there_is_told(hub: TinyHub, tmp_path: Path) -> None:
    with pytest.raises(AddError, match="no model called acme/none"):
        fetched("acme/none", tmp_path / "model")


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    with pytest.raises(AddError, match="can't be reached"):
        fetched("acme/tiny", tmp_path / "model")


def test_a_hub_that_is_switched_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(AddError, match="switched off here by HF_HUB_OFFLINE"):
        fetched("acme/tiny", tmp_path / "model")
