"""Datasets from the hub, which is a small one here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from tests.llmkit.tiny_hub import TinyHub, tiny_hub
from tests.training.datasets_added import confirm, lines, work
from training.preparing.request import Splits
from training.services import dataset_adding

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TinyHub]:
    """A hub with one dataset whose card tells its files apart."""
    folder = tmp_path / "hub"
    (folder / "main").mkdir(parents=True)
    rows = lines().splitlines(keepends=True)
    (folder / "main" / "train.jsonl").write_bytes(b"".join(rows[:30]))
    (folder / "main" / "test.jsonl").write_bytes(b"".join(rows[26:36]))
    (folder / "make.py").write_text("raise SystemExit")
    files = '[{split: train, path: "main/train*"}, {split: test, path: [main/test.jsonl]}]'
    card = f"---\nlicense: mit\nconfigs:\n- config_name: main\n  data_files: {files}\n---\n# Sums"
    (folder / "README.md").write_text(card)
    with tiny_hub() as running:
        running.datasets["acme/sums"] = folder
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield running


def test_a_hub_dataset_keeps_its_splits_and_its_test_rows(hub: TinyHub, trainer: User) -> None:
    addition = work(dataset_adding.begin_hub(repo="acme/sums", by=trainer))
    assert addition.error == ""
    assert addition.found["splits"] == ["test", "train"]
    assert not any(name.endswith(".py") for name in hub.asked)
    confirm(addition, trainer, splits=Splits("files"))
    version = work(addition).version
    assert version is not None
    assert version.report["counts"]["splits"] == {"train": 26, "test": 10}
    assert version.source["commit"] == "a" * 40
    assert version.dataset.licence == "mit"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"repo": "acme/none"}, "The hub has no dataset called acme/none"),
        ({"repo": "acme/sums", "config": "other"}, "It has no config other. It has main"),
        ({"repo": "acme/sums", "split": "dev"}, "It has test, train"),
        ({"repo": "acme/code"}, "no program from the hub is run here"),
    ],
)
def test_a_hub_dataset_that_can_not_be_taken_is_told_why(
    hub: TinyHub, trainer: User, tmp_path: Path, asked: dict[str, Any], sentence: str
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "code.py").write_text("")
    hub.datasets["acme/code"] = tmp_path / "code"
    failed = work(dataset_adding.begin_hub(by=trainer, **asked))
    assert failed.state == "failed"
    assert sentence in failed.error


def test_without_the_hub_a_sentence_says_what_else_to_do(
    trainer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    failed = work(dataset_adding.begin_hub(repo="acme/sums", by=trainer))
    assert "switched off here by HF_HUB_OFFLINE. Unset it, or upload its files." in failed.error
