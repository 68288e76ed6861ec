"""Importing through the pages: a file goes up, a worker reads it, and the page says what came."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone
from pyarrow.parquet import write_table

from accounts.models import User
from feedback.models import Annotation, Import, ImportJob, Labeler, Project, RankingTask
from feedback.services.imports import receiving, staging, working
from feedback.services.imports.writing import Place, write_new
from llmsite.celery import app
from tests.feedback.test_importers import DATA, needs_data
from tests.feedback.test_project_pages import SignedIn, text

pytestmark = pytest.mark.django_db(transaction=True)
Bring = Callable[..., ImportJob]
ROWS = [{"prompt": f"Say {n}", "chosen": f"Well, {n}", "rejected": "No"} for n in range(3)]
GONE = "nowhere:1:1.00"


def jsonl(*rows: Any) -> bytes:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> list[list[Any]]:
    """What was handed to the broker; a folder of its own."""
    settings.DATA_DIR = tmp_path
    found: list[list[Any]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args: found.append(args))
    return found


@pytest.fixture
def upload(manager: Client, project: Project) -> Bring:
    """`upload(bytes, "trl")`: all of it sent, as the page's script does."""

    def send(data: bytes, format: str = "trl", name: str = "rows.jsonl", **more: Any) -> ImportJob:
        said = {"file_name": name, "size": len(data), "format": format, **more}
        address = f"/feedback/{project.slug}/imports/upload/"
        job = manager.post(address, said).json()["id"]
        half = len(data) // 2
        assert manager.put(f"{address}{job}/0", data[:half]).json() == {"have": half}
        manager.put(f"{address}{job}/0", data[:half])
        assert manager.put(f"{address}{job}/{half}", data[half:]).json() == {"have": len(data)}
        return ImportJob.objects.get(pk=job)

    return send


@pytest.fixture
def bring(upload: Bring) -> Bring:
    """`bring(bytes, "trl")`: sent, and read by a worker."""

    def send(*args: Any, **kwargs: Any) -> ImportJob:
        job = upload(*args, **kwargs)
        working.run(job_id=str(job.pk), attempt=job.attempt)
        job.refresh_from_db()
        return job

    return send


def imports(client: Client, project: Project, job: ImportJob | None = None) -> str:
    at = f"{job.result_id}/" if job else ""
    return text(client, f"/feedback/{project.slug}/imports/{at}")


@async_to_sync
async def body_of(response: Any) -> bytes:
    """Of an answer that is streamed while the rows are read."""
    return b"".join([part async for part in response])


def nothing_is_left(job: ImportJob) -> bool:
    hidden = Project.objects.exclude(staged_for=None).exists()
    rows = RankingTask.objects.exists() or Import.objects.exists() or Labeler.objects.exists()
    return not hidden and not rows and not receiving.file_of(job).exists()


@needs_data
def test_hh_rlhf_comes_in_with_its_nine_faulty_rows_told_and_downloaded(
    bring: Bring, manager: Client, project: Project
) -> None:
    job = bring(
        (DATA / "hh-rlhf/harmless-base.test.jsonl.gz").read_bytes(), "hh-rlhf", "hh.jsonl.gz"
    )
    shown = imports(manager, project, job)
    for words in ("2,303", "Prompts differ", "5 rows", "Empty completion", "4 rows"):
        assert words in shown, words
    assert "Changed by a rule" in shown
    address = f"/feedback/{project.slug}/imports/{job.result_id}/refused.jsonl"
    rows = [json.loads(line) for line in body_of(manager.get(address)).splitlines()]
    assert len(rows) == 9
    assert {"row", "fault", "raw"} == set(rows[0])
    assert RankingTask.objects.filter(project=project, overlap=0).count() == 2303
    assert "Every task is ranked" in text(manager, f"/feedback/{project.slug}/")


@needs_data
def test_open_assistants_groups_come_in_as_tasks(
    bring: Bring, manager: Client, project: Project
) -> None:
    job = bring((DATA / "oasst/en_100_tree.jsonl").read_bytes(), "oasst")
    assert "211" in imports(manager, project, job)
    sizes = {len(task.current_set.candidates) for task in project.tasks.all()}
    assert (min(sizes), max(sizes)) == (2, 9)


def test_what_a_file_is_shows_in_its_bytes_not_its_name(bring: Bring, tmp_path: Path) -> None:
    write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "rows")
    parquet, zipped = (tmp_path / "rows").read_bytes(), gzip.compress(jsonl(*ROWS))
    for data in (parquet, zipped, b"\xef\xbb\xbf" + jsonl(*ROWS)):
        job = bring(data)
        assert job.result is not None
        assert job.result.tasks == 3
    assert (
        bring(parquet[:-20]).error == "rows.jsonl cannot be read: it is not a whole Parquet file."
    )


def test_a_file_in_another_format_is_refused_whole_and_the_right_one_is_named(
    bring: Bring, manager: Client, project: Project
) -> None:
    job = bring(jsonl(*ROWS), "oasst")
    assert "None of the 3 rows can be used as oasst" in job.error
    assert "looks like trl" in job.error
    assert "None of the 3 rows" in imports(manager, project)
    assert nothing_is_left(job)
    manager.post(f"/feedback/{project.slug}/imports/{job.pk}/dismiss")
    assert "None of the 3 rows" not in imports(manager, project)


def test_the_same_file_is_not_imported_twice(bring: Bring) -> None:
    bring(jsonl(*ROWS))
    assert "was imported into Kind answers before" in bring(jsonl(*ROWS)).error
    assert Annotation.objects.count() == 3


def test_a_row_that_never_ends_is_refused_and_the_rows_after_it_are_read(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rows", "files"):
        monkeypatch.setattr(f"feedback.importers.{module}.MAX_LINE", 100, raising=False)
    done = bring(jsonl(ROWS[0], "x" * 1000, ROWS[1])).result
    assert done is not None
    assert (done.tasks, done.refused) == (2, {"the row is too long": 1})


def test_a_worker_that_was_killed_leaves_nothing_and_the_next_one_brings_it_whole(
    upload: Bring, project: Project, sent: list[list[Any]], manager: Client
) -> None:
    job = upload(jsonl(*ROWS))
    half = staging.staging_for(project)
    write_new(Place(half, "x"), {"half": [next(rows_of(receiving.file_of(job)))]})
    long_ago = timezone.now() - timedelta(hours=1)
    ImportJob.objects.update(state="running", worker=GONE, staging=half, heartbeat_at=long_ago)
    assert not project.tasks.exists()
    working.reap()
    assert sent[-1] == [str(job.pk), 2]
    working.run(job_id=str(job.pk), attempt=1)
    assert not project.tasks.exists()
    working.run(job_id=str(job.pk), attempt=2)
    working.run(job_id=str(job.pk), attempt=2)
    assert (project.tasks.count(), Annotation.objects.count(), Import.objects.count()) == (3, 3, 1)
    assert not Project.objects.exclude(staged_for=None).exists()


def rows_of(path: Path) -> Any:
    from feedback.importers import read_file

    return read_file(path, "trl")


def test_a_worker_that_was_given_up_brings_nothing(
    upload: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(jsonl(*ROWS))

    def taken_over(_: ImportJob) -> Callable[[str, int, int], None]:
        return lambda phase, done, total: None if done < total else given_to_another()

    def given_to_another() -> None:
        ImportJob.objects.update(attempt=2, worker="another")

    monkeypatch.setattr(working, "reporter", taken_over)
    working.run(job_id=str(job.pk), attempt=1)
    assert ImportJob.objects.get().state == "running"
    assert not RankingTask.objects.exists()
    assert not Import.objects.exists()


def test_an_import_is_cancelled_before_and_while_it_is_read(
    upload: Bring, manager: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.0)
    waiting, running = upload(jsonl(*ROWS)), upload(jsonl(*ROWS[:2]))
    address = f"/feedback/{project.slug}/imports/"
    assert "Waiting for a worker" in imports(manager, project)
    manager.post(f"{address}{waiting.pk}/cancel")
    ImportJob.objects.filter(pk=running.pk).update(cancel_requested=True)
    for job in (waiting, running):
        working.run(job_id=str(job.pk), attempt=1)
        job.refresh_from_db()
        assert (job.state, job.error) == ("cancelled", receiving.CANCELLED)
        assert nothing_is_left(job)


def test_people_rank_what_was_imported_and_all_of_it_can_be_withdrawn(
    bring: Bring, manager: Client, project: Project, labeler: User, signed_in: SignedIn
) -> None:
    first = bring(jsonl(*ROWS), overlap=2)
    assert set(project.tasks.values_list("overlap", flat=True)) == {2}
    second = bring(jsonl({**ROWS[0], "prompt": "Another"}))
    client = signed_in(labeler)
    assert "3 tasks for you" in text(client, "/feedback/")
    at = f"/feedback/{project.slug}/imports/{second.result_id}/"
    manager.post(f"{at}ask", {"overlap": "1"})
    assert "4 tasks for you" in text(client, "/feedback/")
    manager.post(f"/feedback/{project.slug}/imports/{first.result_id}/withdraw")
    assert "1 task for you" in text(client, "/feedback/")
    manager.post(f"/feedback/{project.slug}/imports/{first.result_id}/bring-back")
    assert "4 tasks for you" in text(client, "/feedback/")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"format": "csv"}, "Select a valid choice"),
        ({"size": receiving.LIMIT + 1}, "At most 500 MB"),
        ({"overlap": "99"}, "less than or equal to 20"),
    ],
)
def test_an_upload_that_cannot_be_is_refused_before_a_byte_is_sent(
    manager: Client, project: Project, said: dict[str, Any], sentence: str
) -> None:
    announced = {"file_name": "x", "size": 5, "format": "trl"} | said
    answer = manager.post(f"/feedback/{project.slug}/imports/upload/", announced)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert not ImportJob.objects.exists()


def test_an_empty_page_says_what_may_be_imported(manager: Client, project: Project) -> None:
    shown = imports(manager, project)
    assert "Nothing has been imported yet" in shown
    for name in ("hh-rlhf", "OpenAssistant", "TRL", "Our own rankings"):
        assert name in shown
