"""What runs take on the disk, and taking one away, which is undone for a day."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import User
from training.models import Job, ModelVersion, TrainingJob
from training.models.training_job import UNDO
from training.run.checkpoints import MANIFEST
from training.run.folder import RunFolder
from training.services import leftovers
from training.services.errors import RunsError
from training.services.runs import disk, making, removal

pytestmark = [pytest.mark.django_db, pytest.mark.both]
BLOCK = 1 << 16


@pytest.fixture
def ended(trainer: User) -> Callable[..., TrainingJob]:
    """`ended("a")`: a stopped run with a folder of a checkpoint and linked data."""
    model = ModelVersion.objects.create(name="tiny", path="models/tiny")

    def make(name: str, state: str = Job.State.CANCELLED) -> TrainingJob:
        job = TrainingJob.objects.create(
            name=name,
            model=model,
            owner=trainer,
            method="sft",
            state=state,
            ended_at=timezone.now(),
        )
        for path in (f"checkpoints/checkpoint-4/{MANIFEST}", "artifact/weights", "events.jsonl"):
            written(job.folder / path)
        return job

    return make


def written(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(BLOCK))


def test_bytes_are_those_of_the_disk_and_shared_ones_do_not_come_free(
    ended: Callable[..., TrainingJob], tmp_path: Path
) -> None:
    first, _ = ended("a"), ended("b")
    written(tmp_path / "dataset.jsonl")
    os.link(tmp_path / "dataset.jsonl", first.folder / "train.jsonl")
    assert disk.used(first) == disk.Used(4 * BLOCK, 3 * BLOCK, BLOCK)
    assert disk.used_by_all() == disk.Used(7 * BLOCK, 6 * BLOCK, 2 * BLOCK)


def test_a_run_that_succeeded_lets_go_of_its_checkpoints_and_a_stopped_one_keeps_them(
    ended: Callable[..., TrainingJob],
) -> None:
    done, stopped = ended("a", Job.State.DONE), ended("b")
    disk.sweep()
    assert [path.name for path in done.folder.iterdir()] == ["events.jsonl"]
    assert disk.used(stopped).checkpoints == BLOCK


def test_what_a_killed_process_left_half_written_goes_unless_another_one_is_at_it(
    ended: Callable[..., TrainingJob],
) -> None:
    stopped = ended("a")
    folder = RunFolder(stopped.folder)
    half = [folder.checkpoints / ".building-7" / "weights", folder.path / ".config.json.4711"]
    for path in half:
        written(path)
    with folder.held():
        disk.sweep()
        assert all(path.exists() for path in half)
    disk.sweep()
    assert not any(path.exists() for path in half)
    assert disk.used(stopped).checkpoints == BLOCK


def test_a_removed_run_is_gone_comes_back_within_a_day_and_is_forgotten_after_it(
    ended: Callable[..., TrainingJob], trainer: User
) -> None:
    job = ended("a")
    before = disk.used(job)
    removal.remove(job=job)
    assert (list(TrainingJob.objects.of(trainer)), disk.used(job)) == ([], disk.Used())
    with pytest.raises(RunsError, match="was removed already"):
        removal.remove(job=job)
    with pytest.raises(RunsError):
        making.resume(job=job)
    leftovers.empty_trash()
    removal.purge()
    removal.restore(job=job)
    assert (list(TrainingJob.objects.of(trainer)), disk.used(job)) == ([job], before)
    removal.remove(job=job)
    TrainingJob.objects.update(removed_at=timezone.now() - UNDO - timedelta(seconds=1))
    with pytest.raises(RunsError, match="can't be brought back any more"):
        removal.restore(job=job)
    removal.purge()
    assert not TrainingJob.objects.exists()
    assert not removal.in_trash(job).exists()


def test_what_works_or_made_a_model_that_is_there_stays(
    ended: Callable[..., TrainingJob],
) -> None:
    job = ended("a", Job.State.RUNNING)
    with pytest.raises(RunsError, match=r"The run a has not ended\. Cancel it first"):
        removal.remove(job=job)
    made = ModelVersion.objects.create(name="tiny:a", path="adapters/tiny/a", state="ready")
    TrainingJob.objects.update(state=Job.State.DONE, produced=made)
    with pytest.raises(RunsError, match="made tiny:a, which is still there"):
        removal.remove(job=job)
    assert job.folder.exists()
    ModelVersion.objects.filter(pk=made.pk).update(state="deleted", removed_at=timezone.now())
    removal.remove(job=job)
    assert not job.folder.exists()


def test_the_shell_removes_a_run_and_brings_it_back(
    ended: Callable[..., TrainingJob], capsys: pytest.CaptureFixture[str]
) -> None:
    job = ended("a")
    call_command("remove_job", "a")
    assert f"manage.py remove_job --undo {job.pk}" in capsys.readouterr().out
    assert not TrainingJob.objects.known().exists()
    with pytest.raises(CommandError, match="There is no run 'a'"):
        call_command("remove_job", "a")
    call_command("remove_job", str(job.pk), "--undo")
    assert TrainingJob.objects.known().get() == job
    with pytest.raises(CommandError, match="There is no removed run 'a' any more"):
        call_command("remove_job", "a", "--undo")
    TrainingJob.objects.update(state=Job.State.RUNNING)
    with pytest.raises(CommandError, match="has not ended"):
        call_command("remove_job", "a")
