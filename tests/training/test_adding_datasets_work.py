"""The worker that adds a dataset: cancelled, killed, dropped, taken over."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from llmkit.identity import identity
from tests.training.datasets_added import Tasks, confirm, sent, work
from training.models import Dataset, DatasetAddition, DatasetVersion
from training.models.job import SILENT_AFTER
from training.services import dataset_adding, dataset_places, dataset_working

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_reading_that_takes_too_long_is_ended(trainer: User, settings: Any) -> None:
    settings.DATASET_READ_SECONDS = 1
    failed = work(sent(trainer, b'{"a": "b"}\n' * 2_000_000))
    assert failed.state == "failed"
    assert "takes too long" in failed.error


def test_one_that_waits_for_choices_is_cancelled_with_its_files(
    looked: DatasetAddition, left: Callable[[], list[str]]
) -> None:
    assert left() != []
    dataset_adding.cancel(addition=looked)
    looked.refresh_from_db()
    assert looked.state == "cancelled"
    assert left() == []


def test_one_that_runs_is_cancelled_by_its_worker(
    trainer: User, left: Callable[[], list[str]]
) -> None:
    addition = sent(trainer, b'{"question": "a", "answer": "b"}\n' * 1_000_000)
    DatasetAddition.objects.filter(pk=addition.pk).update(cancel_requested=True)
    assert work(addition).state == "cancelled"
    assert left() == []


def test_a_worker_that_was_killed_is_followed_by_another(
    looked: DatasetAddition, trainer: User, tasks: Tasks, left: Callable[[], list[str]]
) -> None:
    """Killed after its folder came into its place, before the row said so: the worst moment."""
    confirm(looked, trainer)
    pid = os.fork()
    if pid == 0:  # the worker, which dies inside the transaction
        kept, connection.connection = connection.connection, None  # the parent's; not to be closed
        killed = {"create": lambda **_: os.kill(os.getpid(), signal.SIGKILL)}
        vars(DatasetVersion.objects).update(killed)
        dataset_working.run(addition_id=str(looked.pk), attempt=looked.attempt)
        os._exit(kept is None)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    assert not DatasetVersion.objects.exists()
    dataset_working.reap()
    looked.refresh_from_db()
    assert (looked.state, looked.attempt, looked.deaths) == ("waiting", 3, 1)
    assert tasks[-1] == (str(looked.pk), 3)
    version = work(looked).version
    dataset_working.reap()
    assert version is not None
    assert left() == [version.folder.name]


def test_a_killed_workers_folder_is_swept_when_nobody_goes_on(
    looked: DatasetAddition, left: Callable[[], list[str]]
) -> None:
    folder = dataset_places.datasets_dir() / "sums-1-v1"
    folder.mkdir()
    dataset_places.mark(folder, looked)
    dataset_places.sweep()
    assert "sums-1-v1" in left()
    dataset_adding.cancel(addition=looked)
    assert left() == []


def test_what_is_dropped_is_ended(looked: DatasetAddition, trainer: User) -> None:
    long_ago = timezone.now() - 20_000 * SILENT_AFTER
    receiving = dataset_adding.begin_upload(file_name="x.csv", size=9, by=trainer)
    DatasetAddition.objects.update(heartbeat_at=long_ago, ended_at=long_ago)
    dataset_working.reap()
    looked.refresh_from_db()
    receiving.refresh_from_db()
    assert "for a week" in looked.error
    assert "upload stopped" in receiving.error


def test_a_worker_that_lost_the_row_adds_nothing(looked: DatasetAddition, trainer: User) -> None:
    confirm(looked, trainer)
    DatasetAddition.objects.claim(looked.pk, attempt=looked.attempt, worker=identity())
    looked.refresh_from_db()
    DatasetAddition.objects.filter(pk=looked.pk).update(attempt=9)
    with pytest.raises(dataset_working.JobLostError):
        dataset_working._stored(looked, {})
    assert not Dataset.objects.exists()
