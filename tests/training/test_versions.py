"""A version is renamed, noted, put away, promoted and rolled back; whoever uses it goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Conversation
from llmkit.engine.hub import EngineOptions, ModelHub
from tests.training.test_registry import put_adapter
from training import engines
from training.models import ModelVersion, Promotion
from training.services import adding, keeping, naming, promoting, registry, removal
from training.services.errors import ModelsError
from training.services.runs.asking import version_of

pytestmark = [pytest.mark.both, pytest.mark.django_db]


@pytest.fixture
def fox(installed: Callable[[str], Path], data: Path, source: Path) -> ModelVersion:
    """A model with an adapter."""
    installed("fox")
    put_adapter(data, source, "fox", "brief")
    registry.sync()
    return ModelVersion.objects.get(name="fox")


def named(name: str) -> ModelVersion:
    return ModelVersion.objects.get(name=name)


def test_a_renamed_model_takes_its_adapters_and_conversations_along(
    fox: ModelVersion, member: User, data: Path
) -> None:
    talks = [Conversation.objects.create(owner=member, model=n) for n in ("fox", "fox:brief")]
    naming.rename(version=fox, name="vixen")
    registry.sync()
    assert {v.name for v in ModelVersion.objects.ready()} == {"vixen", "vixen:brief"}
    assert (data / "adapters" / "vixen" / "brief").is_dir()
    for talk in talks:
        talk.refresh_from_db()
    assert [talk.model for talk in talks] == ["vixen", "vixen:brief"]
    assert version_of("fox:brief") == named("vixen:brief")


def test_the_engine_answers_under_a_former_name(fox: ModelVersion, data: Path) -> None:
    hub = ModelHub(data / "models", EngineOptions())
    try:
        naming.rename(version=fox, name="vixen")
        naming.rename(version=named("vixen:brief"), name="short")
        assert hub.ids() == ["vixen", "vixen:short"]
        assert hub.folder("fox") == data / "models" / "vixen"
        assert hub.folder("fox:brief") == data / "models" / "vixen"
        assert hub._adapter_of("fox:brief") == "short"
    finally:
        hub.close()


def test_a_former_name_leads_on_and_is_nobody_elses(
    fox: ModelVersion, installed: Callable[[str], Path], owner: User
) -> None:
    installed("owl")
    registry.sync()
    naming.rename(version=fox, name="vixen")
    with pytest.raises(ModelsError, match="fox was the name of vixen and still leads to it"):
        naming.rename(version=named("owl"), name="fox")
    with pytest.raises(ModelsError, match="fox was the name of vixen"):
        adding.begin(source="hub", origin="acme/fox", by=owner)
    with pytest.raises(ModelsError, match="There is a model called vixen already"):
        naming.rename(version=named("owl"), name="vixen")
    naming.rename(version=fox, name="fox")
    assert version_of("vixen") == fox
    assert fox.folder.is_dir()


@pytest.mark.parametrize("name", ["", "../up", "a:b", ".hidden", "a b", "x" * 97])
def test_what_is_no_name_changes_nothing(fox: ModelVersion, name: str) -> None:
    with pytest.raises(ModelsError, match="letters, digits"):
        naming.rename(version=fox, name=name)
    assert fox.folder.is_dir()


def test_the_sites_own_model_keeps_its_name(fox: ModelVersion) -> None:
    fox.source = "package"
    with pytest.raises(ModelsError, match="brought by this site"):
        naming.rename(version=fox, name="vixen")


def test_promoting_is_a_stack_that_one_click_takes_back(
    fox: ModelVersion, owner: User, settings: Any
) -> None:
    settings.DEFAULT_MODEL = "fox"
    brief = named("fox:brief")
    naming.rename(version=brief, name="first")
    put_adapter(fox.folder.parent.parent, fox.folder, "fox", "second")
    registry.sync()
    promoting.promote(version=named("fox:first"), by=owner)
    promoting.promote(version=named("fox:second"), by=owner)
    assert promoting.preselected() == "fox:second"
    promoting.roll_back(by=owner)
    assert promoting.preselected() == "fox:first"
    promoting.roll_back(by=owner)
    assert promoting.preselected() == "fox"
    with pytest.raises(ModelsError, match="nothing to roll back"):
        promoting.roll_back(by=owner)
    told = [(one.name, one.is_rollback, one.by) for one in promoting.history()]
    assert told == [
        ("fox", True, owner),
        ("fox:first", True, owner),
        ("fox:second", False, owner),
        ("fox:first", False, owner),
    ]


def test_rolling_back_passes_over_what_can_no_longer_answer(
    fox: ModelVersion, owner: User, settings: Any
) -> None:
    settings.DEFAULT_MODEL = "tiny"
    brief = named("fox:brief")
    promoting.promote(version=fox, by=owner)
    promoting.promote(version=brief, by=owner)
    put_adapter(fox.folder.parent.parent, fox.folder, "fox", "third")
    registry.sync()
    promoting.promote(version=named("fox:third"), by=owner)
    keeping.archive(version=brief)
    assert promoting.roll_back(by=owner).version == fox


def test_what_is_promoted_is_neither_removed_nor_archived(fox: ModelVersion, owner: User) -> None:
    brief = named("fox:brief")
    promoting.promote(version=brief, by=owner)
    with pytest.raises(ModelsError, match="can't be removed"):
        removal.remove(version=brief)
    with pytest.raises(ModelsError, match="can't be archived"):
        keeping.archive(version=brief)
    with pytest.raises(ModelsError, match="already"):
        promoting.promote(version=brief, by=owner)
    ModelVersion.objects.filter(pk=fox.pk).update(kind="reward")
    fox.refresh_from_db()
    with pytest.raises(ModelsError, match="reward model"):
        promoting.promote(version=fox, by=owner)


def test_the_picker_begins_with_the_promoted_one_and_offers_no_archived_one(
    fox: ModelVersion, owner: User, settings: Any
) -> None:
    settings.DEFAULT_MODEL = "fox"
    promoting.promote(version=named("fox:brief"), by=owner)
    here = engines._Loop([])
    names = ["fox", "fox:brief"]
    engines._arrange(here, known_now(), [])
    assert engines.preferred(names) == "fox:brief"
    assert engines.preferred(names, "fox") == "fox"
    promoting.roll_back(by=owner)
    keeping.archive(version=named("fox:brief"))
    naming.rename(version=fox, name="vixen")
    here.clients = [engines.EngineClient("http://127.0.0.1:9")]
    engines._arrange(here, known_now(), [["vixen", "vixen:brief"]])
    assert here.picker.names == ["vixen"]
    assert "vixen:brief" in here.models
    assert engines.preferred(here.picker.names) == "vixen"
    assert engines.preferred(here.picker.names, "fox") == "vixen"


def known_now() -> engines.Known:
    """As another thread reads it, which here would not see this test's rows."""
    return engines.read_known()


def test_notes_and_tags_are_kept_and_found(fox: ModelVersion, page: Client) -> None:
    page.post(f"/models/{fox.pk}/about", {"tags": "Week 3, sums,, sums", "notes": "From <b>."})
    fox.refresh_from_db()
    assert (fox.tags, fox.notes) == (["week 3", "sums"], "From <b>.")
    assert "From &lt;b&gt;." in page.get(f"/models/{fox.pk}/").content.decode()
    assert "fox" in page.get("/models/?tag=week+3").content.decode()
    assert "No model in use has the tag owls" in page.get("/models/?tag=owls").content.decode()
    refused = page.post(f"/models/{fox.pk}/about", {"tags": "x" * 41}, follow=True)
    assert "At most 20 tags" in refused.content.decode()


def test_the_page_promotes_rolls_back_and_tells_the_history(
    fox: ModelVersion, page: Client, settings: Any
) -> None:
    settings.DEFAULT_MODEL = "tiny"
    said = page.post(f"/models/{fox.pk}/promote", follow=True).content.decode()
    assert "New conversations begin with fox" in said
    assert 'action="/models/promoted/back"' in said
    listed = page.get("/models/promoted/").content.decode()
    assert "Roll back to the default" in listed
    page.post("/models/promoted/back")
    assert Promotion.objects.get(is_rollback=True).version is None
    assert "tiny" in page.get("/models/promoted/").content.decode()


def test_an_archived_one_stands_apart_until_it_is_brought_back(
    fox: ModelVersion, page: Client
) -> None:
    page.post(f"/models/{fox.pk}/archive")
    shown = page.get("/models/").content.decode()
    assert "archived-title" in shown
    page.post(f"/models/{fox.pk}/unarchive")
    assert "archived-title" not in page.get("/models/").content.decode()
