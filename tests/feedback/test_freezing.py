"""Freezing from the pages: a report first, then the version it told of, and nothing else."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from feedback.models import Annotation, Freezing, Labeler, Project, PromptGroup
from feedback.services import freezing, projects
from feedback.services.errors import FeedbackError
from feedback.services.freezing import asking, working
from feedback.services.imports import import_preferences
from feedback.services.snapshots import Recipe, prompts
from llmkit.identity import identity
from tests.feedback.test_importers import HH_RLHF, needs_data
from tests.feedback.test_snapshots import STRICT, TIED, bring, row
from training.models import Dataset, DatasetVersion, Job
from training.models.job import SILENT_AFTER
from training.services.datasets import rows_of, version_named

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
CHOICES = {
    "name": "sky",
    "share_train": "80",
    "share_validation": "10",
    "share_test": "10",
    "seed": "0",
    "margin": "0",
    "sources": ["import", "labeling"],
}


@pytest.fixture(autouse=True)
def own_data(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Sky")


@pytest.fixture
def manager(owner: User, signed_in: SignIn) -> Client:
    return signed_in(owner)


def reported(client: Client, **choices: Any) -> Freezing:
    said = client.post("/feedback/sky/pairs/freeze/", {**CHOICES, **choices})
    assert said.status_code == 302, said.content
    return Freezing.objects.get(pk=said["Location"].rstrip("/").rsplit("/", 1)[1])


def confirmed(client: Client, report: Freezing) -> Freezing:
    said = client.post(f"/feedback/sky/pairs/freeze/{report.pk}/confirm")
    return Freezing.objects.get(pk=said["Location"].rstrip("/").rsplit("/", 1)[1])


def sent(response: Any) -> bytes:
    """The whole of a download, which is sent piece by piece."""

    async def joined() -> bytes:
        return b"".join([piece async for piece in response])

    return async_to_sync(joined)()


def page_of(client: Client, job: Freezing) -> str:
    return client.get(f"/feedback/sky/pairs/freeze/{job.pk}/").content.decode()


def test_a_version_is_what_its_report_told_and_the_same_again_says_so(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(5)))
    report = reported(manager)
    assert not DatasetVersion.objects.exists()
    told = page_of(manager, report)
    assert "All pairs come from one labeler, ada" in told
    assert "Freeze this version" in told
    frozen = confirmed(manager, report)
    assert frozen.version is not None
    assert frozen.version.content_hash == report.content_hash
    assert frozen.version.report == report.report
    assert "Version 1 is frozen" in page_of(manager, frozen)
    again = confirmed(manager, reported(manager))
    assert (again.version, again.unchanged) == (frozen.version, True)
    assert "Nothing has changed since version 1" in page_of(manager, again)


def test_rankings_that_came_after_the_report_are_not_frozen_unseen(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT))
    report = reported(manager)
    bring(project, tmp_path, row(2, "ada", STRICT))
    late = confirmed(manager, report)
    assert late.version is None
    assert "Rankings changed after the report you saw" in page_of(manager, late)
    assert confirmed(manager, late).version == version_named("sky")


def test_a_report_says_what_changed_since_the_last_version_and_why(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(4)))
    confirmed(manager, reported(manager))
    bring(project, tmp_path, row(9, "bob", STRICT), row(3, "bob", [[1], [0], [2]]))
    of = Annotation.objects.filter
    of(task__external_id="t0").update(voided_at=timezone.now())
    undone = of(task__external_id="t1").get()
    undone.pk, undone.key, undone.revision, undone.withdrawn = None, "undo", 2, True
    undone.save(force_insert=True)
    found = reported(manager).changes
    assert found is not None
    assert (found["since"], found["added"], found["gone"], found["moved"]) == (1, 3, 7, 0)
    assert found["why_added"] == {"new rankings": 3}
    assert found["changed"] == 2
    assert found["why_gone"] == {
        "people contradict each other now, or other choices for this version": 1,
        "undone": 3,
        "voided": 3,
    }


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"share_train": "90"}, "add up to 110 %, not to 100 %"),
        ({"name": "texts"}, "texts holds plain text. Take another name."),
        ({"name": "theirs"}, "theirs belongs to somebody else"),
        ({"sources": []}, "Choose at least one source"),
        ({"margin": "0.5"}, "less than or equal to 0.49"),
    ],
)
def test_choices_that_cannot_be_are_refused_in_a_sentence_and_kept(
    project: Project, member: User, signed_in: SignIn, tmp_path: Path, choices: Any, words: str
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT))
    Dataset.objects.create(name="texts", kind=Dataset.Kind.TEXT, owner=member)
    Dataset.objects.create(name="theirs", kind=Dataset.Kind.PREFERENCE, owner=project.owner)
    member.groups.set([Group.objects.get(name="trainer")])
    Project.objects.update(owner=member)
    said = signed_in(member).post(
        "/feedback/sky/pairs/freeze/", {**CHOICES, "seed": "41", **choices}
    )
    assert said.status_code == 422
    assert words in said.content.decode()
    assert 'value="41"' in said.content.decode()
    assert not Freezing.objects.exists()


def test_the_pages_do_not_exist_for_others(
    project: Project, manager: Client, stranger: User, signed_in: SignIn, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT))
    job = confirmed(manager, reported(manager))
    assert job.version is not None
    stranger.groups.set([Group.objects.get(name="labeler")])
    client = signed_in(stranger)
    for address in (
        "sky/pairs/",
        "sky/pairs/freeze/",
        f"sky/pairs/freeze/{job.pk}/",
        f"sky/pairs/versions/{job.version.pk}/",
        f"exports/{job.version.pk}/",
    ):
        assert manager.get(f"/feedback/{address}").status_code == 200
        assert client.get(f"/feedback/{address}").status_code == 404
    assert client.post(f"/feedback/sky/pairs/freeze/{job.pk}/confirm").status_code == 404


def test_exports_are_named_for_what_they_are_and_read_as_they_were_frozen(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", [[0], [1, 2]]))
    version = confirmed(manager, reported(manager)).version
    assert version is not None
    split = next(name for name, n in version.report["counts"]["splits"].items() if n["pairs"])
    address = f"/feedback/exports/{version.pk}/?form=trl&split={split}"
    told = manager.get(address)
    assert told["Content-Disposition"] == f'attachment; filename="sky-v1-{split}-trl.jsonl"'
    rows = [json.loads(line) for line in sent(told).splitlines()]
    assert [r["chosen"] for r in rows] == ["blue 1", "blue 1"]
    parquet = io.BytesIO(sent(manager.get(f"{address}&type=parquet")))
    table = pyarrow.parquet.read_table(parquet)
    assert table.to_pylist() == rows
    (version.folder / f"pairs.{split}.jsonl").write_text("{}\n")
    assert manager.get(address).status_code == 410
    assert manager.get(f"/feedback/exports/{version.pk}/?form=xml").status_code == 404


def test_a_cancelled_or_lost_report_ends_without_a_version(
    project: Project, owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Freezing] = []
    monkeypatch.setattr(asking, "enqueue", sent.append)
    bring(project, tmp_path, row(1, "ada", STRICT))
    one = asking.prepare(project=project, name="sky", recipe=Recipe(), by=owner)
    asking.cancel(freezing=one)
    working.run(freezing_id=str(one.pk), attempt=1)
    one.refresh_from_db()
    assert (one.state, one.report) == (Job.State.CANCELLED, None)
    running = asking.prepare(project=project, name="sky", recipe=Recipe(), by=owner)
    Freezing.objects.claim(running.pk, attempt=1, worker="elsewhere:1:1.00")
    Freezing.objects.update(heartbeat_at=timezone.now() - 2 * SILENT_AFTER)
    working.reap()
    running.refresh_from_db()
    assert (running.state, running.attempt, sent) == (Job.State.WAITING, 2, [running])
    Freezing.objects.claim(running.pk, attempt=2, worker=identity())
    running.refresh_from_db()
    asking.cancel(freezing=running)
    with pytest.raises(working.CancelledError):
        working.work(running)
    assert not DatasetVersion.objects.exists()


def test_a_report_of_nothing_cannot_be_frozen(
    project: Project, owner: User, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "judge", TIED))
    Labeler.objects.update(kind=Labeler.Kind.AI)
    report = freezing.prepare(project=project, name="sky", recipe=Recipe(), by=owner)
    with pytest.raises(FeedbackError, match="no rankings to freeze"):
        freezing.freeze(report=report, by=owner)


@pytest.mark.both
def test_near_prompts_are_compared_once_and_in_the_order_in_which_they_came(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(30)))
    prompts.learn(project)
    before = list(PromptGroup.objects.values_list("number", "key", "near"))
    placed = prompts.placed_groups(project, Recipe())
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(30, 60)))
    prompts.learn(project)
    assert list(PromptGroup.objects.values_list("number", "key", "near"))[:30] == before
    after = prompts.placed_groups(project, Recipe())
    assert placed.splits.items() <= after.splits.items()
    PromptGroup.objects.all().delete()
    prompts.learn(project)
    assert prompts.placed_groups(project, Recipe()) == after


@needs_data
def test_hh_rlhf_is_reported_and_frozen_on_the_page_without_a_leak(
    owner: User,
    manager: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(freezing, "QUICK_TASKS", 10_000)
    project = projects.create(owner=owner, name="Sky")
    import_preferences(project=project, path=HH_RLHF, format_name="hh-rlhf")
    report = reported(manager)
    told = " ".join(page_of(manager, report).split())
    assert "<dt>Prompts in more than one split</dt> <dd> 0 </dd>" in told
    capsys.readouterr()
    call_command("freeze_dataset", project="sky", name="sky", format="json")
    frozen = json.loads(capsys.readouterr().out)
    assert (frozen["leaks"], frozen["counts"]["pairs"]) == (0, 2303)
    assert frozen["content_hash"] == report.content_hash
    version = version_named("sky")
    assert frozen["sha256"].keys() == version.files.keys()
    roots: dict[str, set[str]] = {}
    for split in ("train", "validation", "test"):
        for found in rows_of(version, f"pairs.{split}.jsonl"):
            first = found["messages"][0]["content"].strip().lower()
            roots.setdefault(first, set()).add(split)
    assert all(len(splits) == 1 for splits in roots.values())
    page = f"{version.pk}/?file=pairs.train.jsonl&page=180"
    shown = manager.get(f"/feedback/sky/pairs/versions/{page}").content.decode()
    assert "Row 1791: " in shown
    assert shown.count("#revision-") == 10
