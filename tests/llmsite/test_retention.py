"""What nothing needs goes after its days; what anything needs stays, whatever its age."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Change, Notification, User
from chat.models import Document
from evaluation.models import EvaluationRun
from feedback.models import Assignment
from llmkit import removing
from llmsite import retention
from llmsite.models import CleanUp
from tests.any_row import AnyRows
from tests.training.run_rows import a_run
from training.models import TrainingJob
from training.run import checkpoints
from training.run.folder import RunFolder
from training.services import leftovers

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LONG_AGO = timezone.now() - timedelta(days=400)


@pytest.fixture(autouse=True)
def data(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.MODELS_DIR = settings.DATA_DIR / "models"
    settings.UPLOADS_DIR = settings.DATA_DIR / "uploads"
    settings.UPLOADS_DIR.mkdir(parents=True)
    return Path(settings.DATA_DIR)


def cleaned(**options: Any) -> dict[str, int]:
    """How many things went of each kind."""
    found = retention.clean_up(say=lambda text: None, **options)
    return {each.kind: each.things for each in found if each.things}


def a_stopped_run(owner: User, name: str, state: str = "failed", **more: Any) -> TrainingJob:
    """With checkpoints of three steps, the last of which is damaged."""
    job = a_run(owner, name, state=state, ended_at=LONG_AGO, **more)
    root = RunFolder(job.folder).checkpoints
    for step in (1, 2, 3):
        with checkpoints.writing(root, step) as folder:
            (folder / "weights").write_bytes(b"x" * 10_000)
    (root / "checkpoint-3" / "weights").write_bytes(b"y")
    return job


def steps(job: TrainingJob) -> list[int]:
    found = checkpoints.all_of(RunFolder(job.folder).checkpoints)
    return sorted(map(checkpoints.step_of, found))


def test_a_stopped_run_keeps_what_it_goes_on_from(owner: User, data: Path) -> None:
    stopped = a_stopped_run(owner, "stopped")
    patient = a_stopped_run(owner, "patient", config={"patience": 2})
    young = a_stopped_run(owner, "young")
    TrainingJob.objects.filter(pk=young.pk).update(ended_at=timezone.now())
    waiting = a_stopped_run(owner, "waiting")
    TrainingJob.objects.filter(pk=waiting.pk).update(state="waiting")
    succeeded = a_stopped_run(owner, "succeeded", state="done")
    assert cleaned(dry_run=True) == {"checkpoints": 3}
    assert steps(stopped) == [1, 2, 3] and not (data / "trash").exists()
    assert cleaned() == {"checkpoints": 3}
    assert steps(stopped) == [2] and steps(succeeded) == []
    for kept in (patient, young, waiting):
        assert steps(kept) == [1, 2, 3]
    assert cleaned() == {}


def test_a_run_that_a_process_is_in_is_left_alone(owner: User) -> None:
    stopped = a_stopped_run(owner, "stopped")
    with RunFolder(stopped.folder).held():
        assert cleaned() == {}
    assert steps(stopped) == [1, 2, 3]


def test_a_death_in_the_middle_leaves_nothing_half(
    owner: User, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*path: Any, **how: Any) -> None:
        raise KeyboardInterrupt

    stopped = a_stopped_run(owner, "stopped")
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(removing.shutil, "rmtree", dies)
        cleaned()
    whole = [step for step in steps(stopped) if step < 3]
    root = RunFolder(stopped.folder).checkpoints
    assert all(not checkpoints.problem_with(root / f"checkpoint-{step}") for step in whole)
    leftovers.empty_trash()
    assert list((data / "trash").iterdir()) == []
    cleaned()
    assert steps(stopped) == [2]


def test_folders_that_no_row_knows_go_but_not_those_of_rows(owner: User, data: Path) -> None:
    rows = AnyRows()
    run = rows.of(EvaluationRun, state="done", ended_at=LONG_AGO)
    live = rows.of(EvaluationRun, state="failed", ended_at=LONG_AGO)
    known = a_run(owner, "known", state="done", ended_at=timezone.now())
    folders = [run.folder, live.folder, known.folder, data / "runs" / str(uuid4())]
    folders += [data / "evaluations" / str(uuid4()), data / "runs" / "mine-by-hand"]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in ("outputs.jsonl", "scores.json"):
            (folder / name).write_text("{}")
        age(folder)
    assert cleaned() == {"answers": 1, "leftovers": 2}
    assert [folder.exists() for folder in folders] == [True, True, True, False, False, True]
    assert not (run.folder / "outputs.jsonl").exists() and (run.folder / "scores.json").exists()
    assert (live.folder / "outputs.jsonl").exists()


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def test_rows_that_had_their_time_go(owner: User, data: Path, settings: Settings) -> None:
    rows = AnyRows()
    for model in (Notification, Assignment):
        rows.of(model)
    old = {"created_at": LONG_AGO}
    Notification.objects.update(**old)
    Assignment.objects.update(state="expired", ended_at=LONG_AGO)
    rows.of(Notification)
    for days in (-1, 1):
        expires = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=f"s{days}", expire_date=expires)
    settings.KEEP_CLAIMS_DAYS = 0
    assert cleaned() == {"notifications": 1, "sessions": 1}
    assert Notification.objects.count() == 1 and Session.objects.get().session_key == "s1"
    settings.KEEP_CLAIMS_DAYS = 180
    assert cleaned() == {"claims": 1}


def test_a_file_goes_when_no_message_has_it(
    owner: User, data: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    about = {"owner": owner, "kind": "txt", "size": 3, "words": 1, "text": "abc"}
    kept, left = (Document.objects.create(name=name, **about) for name in ("new.txt", "old.txt"))
    Document.objects.filter(pk=left.pk).update(created_at=LONG_AGO)
    for each in (kept, left):
        each.path.write_bytes(b"abc")
    with django_capture_on_commit_callbacks(execute=True):
        assert cleaned() == {"uploads": 1}
    assert kept.path.exists() and not left.path.exists()


def test_the_command_tells_what_went_and_the_page_when_next(
    owner: User, signed_in: Callable[[User], Client]
) -> None:
    a_stopped_run(owner, "stopped")
    assert "none yet" in signed_in(owner).get("/system/").content.decode()
    out = StringIO()
    call_command("clean_up", "--dry-run", "--format", "json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["dry_run"] and told["bytes"] > 10_000 and len(told["things"]) == 2
    assert not CleanUp.objects.exists() and not Change.objects.filter(kind="site").exists()
    call_command("clean_up", stdout=StringIO())
    made = CleanUp.objects.get()
    assert (made.things, made.freed_bytes) == (2, told["bytes"])
    page = signed_in(owner).get("/system/").content.decode()
    assert "2 things that nothing needed" in page and "04:20" in page
    assert Change.objects.get(kind="site").verb == "cleaned-up"
