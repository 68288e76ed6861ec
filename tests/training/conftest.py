"""A registry over a folder of its own, people by right, and tasks that wait in memory."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.access import ADMIN, TRAINER
from accounts.models import User
from llmsite.celery import app
from tests.conftest import joined
from tests.tiny_model import TINY_MODEL
from tests.training.datasets_added import sent, work
from training.models import DatasetAddition

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    """An empty DATA_DIR, no engine, and a broker that nobody else reads."""
    settings.DATA_DIR = tmp_path / "data"
    settings.MODELS_DIR = settings.DATA_DIR / "models"
    settings.ENGINE_URLS = [NOBODY]
    settings.MODELS_DIR.mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """What was handed to the broker: ids and attempts."""
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args: sent.append((args[0], args[1])))
    yield sent


@pytest.fixture
def source(tiny_models_dir: Path, tmp_path: Path) -> Path:
    """A model folder somewhere else on the server, with a card."""
    folder = tmp_path / "elsewhere" / "tiny"
    shutil.copytree(tiny_models_dir / TINY_MODEL, folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
    return folder


@pytest.fixture
def installed(source: Path, data: Path) -> Callable[[str], Path]:
    """`installed("fox")`: a model folder in its place, as if someone had put it there."""
    return lambda name: Path(shutil.copytree(source, data / "models" / name))


@pytest.fixture
def trainer(owner: User) -> User:
    person = joined(owner, "trainer")
    person.groups.add(Group.objects.get_or_create(name=TRAINER)[0])
    return person


@pytest.fixture
def admin(owner: User) -> User:
    person = joined(owner, "admin")
    person.groups.add(Group.objects.get_or_create(name=ADMIN)[0])
    return person


@pytest.fixture
def page(admin: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(admin)


@pytest.fixture
def looked(trainer: User) -> DatasetAddition:
    return work(sent(trainer))


@pytest.fixture
def left(data: Path) -> Callable[[], list[str]]:
    """What lies in the datasets' folder."""
    return lambda: sorted(path.name for path in (data / "datasets").iterdir())
