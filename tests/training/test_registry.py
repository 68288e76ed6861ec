"""The registry follows the disk; removing asks, refuses what is in use, and can be undone."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation
from tests.chat.conftest import begin, talk
from training.models import ModelVersion
from training.services import leftovers, registry, removal, serving
from training.services.errors import ModelsError

pytestmark = [pytest.mark.both, pytest.mark.django_db]
Installed = Callable[[str], Path]


def put_adapter(data: Path, weights: Path, model: str, name: str) -> Path:
    folder = data / "adapters" / model / name
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    shutil.copyfile(weights / "model.safetensors", folder / "adapter_model.safetensors")
    return folder


@pytest.fixture
def fox(installed: Installed) -> ModelVersion:
    installed("fox")
    registry.sync()
    return ModelVersion.objects.get(name="fox")


def test_a_folder_that_is_found_gets_a_row_once(installed: Installed) -> None:
    installed("fox")
    registry.sync()
    registry.sync()
    fox = ModelVersion.objects.get()
    assert (fox.name, fox.state, fox.licence, fox.path) == ("fox", "ready", "MIT", "models/fox")
    assert fox.parameters


def test_an_adapter_is_filed_under_its_base(fox: ModelVersion, data: Path, source: Path) -> None:
    put_adapter(data, source, "fox", "brief")
    registry.sync()
    adapter = ModelVersion.objects.get(kind="adapter")
    assert (adapter.name, adapter.base, adapter.architecture) == ("fox:brief", fox, "LORA")


def test_a_folder_that_vanishes_is_missing_until_it_is_back(fox: ModelVersion, data: Path) -> None:
    fox.folder.rename(data / "away")
    registry.sync()
    fox.refresh_from_db()
    assert fox.state == "missing"
    (data / "away").rename(fox.folder)
    registry.sync()
    fox.refresh_from_db()
    assert fox.state == "ready"


def test_a_folder_that_must_not_be_served_says_why(installed: Installed) -> None:
    config = installed("fox") / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": {"A": "x.X"}}))
    registry.sync()
    fox = ModelVersion.objects.get()
    assert fox.state == "failed"
    assert "Python code of its own" in fox.error


def test_removing_names_who_will_miss_it(fox: ModelVersion, member: User) -> None:
    Conversation.objects.create(owner=member, model="fox")
    question = removal.affected(version=fox, engines=serving.Serving()).question
    assert "1 conversation is set to it" in question


def test_what_an_adapter_sits_on_stays_until_the_adapter_is_gone(
    fox: ModelVersion, data: Path, source: Path
) -> None:
    folder = put_adapter(data, source, "fox", "brief")
    registry.sync()
    with pytest.raises(ModelsError, match=r"fox is needed by fox:brief, so it stays\."):
        removal.remove(version=fox)
    adapter = ModelVersion.objects.get(kind="adapter")
    removal.remove(version=adapter)
    removal.remove(version=fox)
    assert not fox.folder.exists()
    assert not folder.exists()
    registry.sync()
    assert not ModelVersion.objects.known().exists()
    with pytest.raises(ModelsError, match="sits on fox, which was removed"):
        removal.restore(version=ModelVersion.objects.get(kind="adapter"))
    fox.refresh_from_db()
    removal.restore(version=fox)
    removal.restore(version=ModelVersion.objects.get(kind="adapter"))
    assert (fox.folder / "model.safetensors").exists()
    assert folder.exists()
    assert {v.name for v in ModelVersion.objects.ready()} == {"fox", "fox:brief"}


def test_a_model_that_is_writing_an_answer_stays(fox: ModelVersion, member: User) -> None:
    conversation = Conversation.objects.create(owner=member, model="fox")
    begin(talk(conversation, "Hello", "")[1], model="fox")
    with pytest.raises(ModelsError, match="writing answers now"):
        removal.remove(version=fox)
    assert fox.folder.exists()


def test_the_trash_is_emptied_after_a_day(fox: ModelVersion, data: Path) -> None:
    removal.remove(version=fox)
    assert leftovers.empty_trash() == 0
    ModelVersion.objects.update(removed_at=timezone.now() - timedelta(days=2))
    assert leftovers.empty_trash() == 1
    fox.refresh_from_db()
    with pytest.raises(ModelsError, match="can't be brought back"):
        removal.restore(version=fox)


def test_a_name_that_was_given_anew_is_not_taken_back(
    fox: ModelVersion, installed: Installed
) -> None:
    removal.remove(version=fox)
    installed("fox")
    registry.sync()
    fox.refresh_from_db()
    with pytest.raises(ModelsError, match="another model called fox"):
        removal.restore(version=fox)


def test_the_precision_is_told_to_the_engine_by_a_file(fox: ModelVersion) -> None:
    serving.set_precision(version=fox, precision="int8")
    assert json.loads((fox.folder / "serving.json").read_text()) == {"precision": "int8"}
    with pytest.raises(ModelsError, match="no such precision"):
        serving.set_precision(version=fox, precision="int3")


def test_health_is_read_with_and_without_what_newer_engines_tell() -> None:
    told: dict[str, Any] = {
        "state": "ready",
        "running": 1,
        "memory_bytes": 9,
        "adapters": [{"name": "brief", "state": "ready"}, "odd"],
    }
    found = serving._described("fox", told)
    assert (found["fox"].busy, found["fox"].memory_bytes) == (1, 9)
    assert found["fox:brief"].state == "ready"
    assert serving._described("fox", {})["fox"] == serving.Served()
