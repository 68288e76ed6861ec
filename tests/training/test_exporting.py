"""Out as a zip with a card, and in again; merged by a worker."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from llmkit.adding.building import build
from tests.tiny_adapters import build_adapter, peft_answer
from training.models import Addition, ModelVersion, TrainingData, TrainingJob
from training.services import adding, datasets, exporting, naming, registry, removal, working
from training.services.errors import ModelsError

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
PROMPT = [5, 9, 40, 12, 7]


@pytest.fixture
def brief(installed: Callable[[str], Path], data: Path, trainer: User) -> ModelVersion:
    """An adapter that a run of the trainer made from a dataset of theirs."""
    base = installed("fox")
    build_adapter(base, data / "adapters" / "fox" / "brief")
    registry.sync()
    version = ModelVersion.objects.select_related("base").get(name="fox:brief")
    assert version.base is not None
    rows = [{"messages": [{"role": "user", "content": "a"}], "completion": "b"}]
    frozen = datasets.freeze(
        name="sums",
        kind="completion",
        files={"train.jsonl": rows},
        source={},
        report={},
        made_by=trainer,
    )
    job = TrainingJob.objects.create(
        owner=trainer,
        name="brief",
        method="sft",
        model=version.base,
        produced=version,
        config={"max_steps": 2},
        peft={"kind": "lora", "rank": 4},
        measures={"held_out_loss": 1.25},
        step=2,
    )
    TrainingData.objects.create(job=job, version=frozen, place=0)
    ModelVersion.objects.filter(pk=version.pk).update(source="run", licence="MIT")
    version.refresh_from_db()
    return version


def whole(answer: Any) -> bytes:
    """What an asynchronous server would send."""

    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return async_to_sync(read)()


def unzipped(content: bytes, target: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(target)
    [folder] = target.iterdir()
    return folder


def test_an_adapter_goes_out_with_a_card_and_loads_in_plain_peft(
    brief: ModelVersion, page: Client, tmp_path: Path
) -> None:
    answer = page.get(f"/models/{brief.pk}/export")
    assert answer["Content-Disposition"] == 'attachment; filename="fox-brief.zip"'
    folder = unzipped(whole(answer), tmp_path / "out")
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    _, head, text = (folder / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(head)
    assert (facts["base_model"], facts["license"], facts["library_name"]) == ("fox", "mit", "peft")
    frozen = brief.made_by.get().data.get().version
    for said in (
        "sums, version 1",
        frozen.content_hash,
        "| held_out_loss | 1.25 |",
        "| rank | 4 |",
    ):
        assert said in text
    assert brief.base is not None
    ours, theirs = (peft_answer(brief.base.folder, f, PROMPT, 8) for f in (brief.folder, folder))
    assert ours == theirs


def test_a_card_names_no_data_that_its_reader_may_not_see(
    brief: ModelVersion, stranger: User
) -> None:
    card = exporting.parts(brief, stranger)[0].text.decode()
    assert "sums" not in card
    assert "Instruction tuning" in card


def test_what_went_out_comes_in_again_as_an_adapter(
    brief: ModelVersion, owner: User, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    call_command("export_model", "fox:brief", "--out", str(out))
    with pytest.raises(Exception, match="exists already"):
        call_command("export_model", "fox:brief", "--out", str(out))
    addition = adding.begin(
        source="folder", origin=str(out), by=owner, name="again", base=brief.base
    )
    finished(addition)
    again = ModelVersion.objects.get(name="fox:again")
    assert (again.architecture, again.licence) == ("LORA", "MIT")
    assert (again.state, again.kind, again.base) == ("ready", "adapter", brief.base)
    assert (again.folder / "adapter_model.safetensors").is_file()
    registry.sync()
    assert ModelVersion.objects.known().count() == 3


def finished(addition: Addition) -> None:
    """What the worker does, without a process of its own."""
    facts = build(working._request(addition), lambda progress: None)
    assert Addition.objects.claim(addition.pk, attempt=1, worker="here")
    addition.refresh_from_db()
    working._finish(addition, facts)


def test_a_worker_merges_and_nothing_is_taken_away_meanwhile(
    brief: ModelVersion, page: Client
) -> None:
    page.post(f"/models/{brief.pk}/merge", {"name": "whole"})
    addition = Addition.objects.select_related("version").get()
    with pytest.raises(ModelsError, match="whole is being made from fox:brief"):
        removal.remove(version=brief)
    with pytest.raises(ModelsError, match="whole is being made from fox"):
        naming.rename(version=ModelVersion.objects.get(name="fox"), name="vixen")
    finished(addition)
    made = ModelVersion.objects.get(name="whole")
    assert (made.state, made.error) == ("ready", "")
    assert (made.kind, made.parent, made.licence) == ("merged", brief, "MIT")
    card = exporting.parts(made)[0].text.decode()
    assert "base_model_relation: merge" in card
    assert "`whole`: `fox:brief` merged into its model's weights." in card
    said = json.loads((made.folder / "provenance.json").read_text())
    assert said["source"] == "fox:brief"


def test_what_cannot_be_merged_says_so_and_makes_nothing(brief: ModelVersion, owner: User) -> None:
    brief.architecture = "PREFIX_TUNING"
    with pytest.raises(ModelsError, match="soft prompt"):
        adding.begin_merge(adapter=brief, by=owner)
    assert not Addition.objects.exists()


def test_a_cancelled_merge_leaves_nothing(brief: ModelVersion, owner: User, data: Path) -> None:
    addition = adding.begin_merge(adapter=brief, by=owner, name="whole")
    Addition.objects.filter(pk=addition.pk).update(cancel_requested=True)
    working.run(addition_id=str(addition.pk), attempt=1)
    addition.refresh_from_db()
    assert addition.state == "cancelled"
    assert sorted(path.name for path in (data / "models").iterdir()) == ["fox"]
