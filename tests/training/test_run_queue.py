"""The queue of runs: priorities, moving one within it, and two people who move at once."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from llmkit.identity import identity
from training.models import Job, ModelVersion, TrainingJob
from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.services.errors import RunsError
from training.services.runs import making, progress, queue, working
from training.services.runs.following import Follower

pytestmark = [pytest.mark.django_db, pytest.mark.both]
Runs = Callable[..., dict[str, TrainingJob]]


@pytest.fixture
def runs(trainer: User) -> Runs:
    """`runs(a=0, b=5)`: waiting runs of the trainer, with their priorities."""

    def make(**priorities: int) -> dict[str, TrainingJob]:
        model = ModelVersion.objects.create(name="tiny", path="models/tiny")
        return {
            name: TrainingJob.objects.create(
                name=name, model=model, owner=trainer, method="sft", priority=priority
            )
            for name, priority in priorities.items()
        }

    return make


def order() -> str:
    return "".join(job.name for job in TrainingJob.objects.queue())


def test_a_run_is_moved_before_another_first_last_and_by_a_step(runs: Runs, trainer: User) -> None:
    r = runs(a=5, b=5, c=0, d=0)
    queue.move(job=r["d"], before=r["b"], by=trainer)
    assert (order(), r["d"].priority) == ("adbc", 5)
    queue.last(job=r["a"], by=trainer)
    assert (order(), r["a"].priority) == ("dbca", 0)
    queue.first(job=r["a"], by=trainer)
    assert (order(), r["a"].priority) == ("adbc", 5)
    queue.later(job=r["a"], by=trainer)
    queue.earlier(job=r["c"], by=trainer)
    assert order() == "dacb"
    queue.earlier(job=r["d"], by=trainer)
    queue.later(job=r["b"], by=trainer)
    queue.move(job=r["a"], before=r["a"], by=trainer)
    assert order() == "dacb"
    queue.move(job=r["b"], before=None, by=trainer)
    assert order() == "dacb"


def test_a_run_that_comes_later_waits_behind_moved_ones_and_a_resumed_one_behind_all(
    runs: Runs, trainer: User
) -> None:
    r = runs(a=0, b=0, c=0)
    making.cancel(job=r["a"])
    queue.first(job=r["c"], by=trainer)
    r["a"].refresh_from_db()
    making.resume(job=r["a"], tell=False)
    assert order() == "cba"


def test_only_its_owner_and_administrators_move_a_run_and_only_while_it_waits(
    runs: Runs, trainer: User, admin: User, member: User
) -> None:
    r = runs(a=0, b=0)
    with pytest.raises(RunsError, match="Only its owner or an administrator"):
        queue.first(job=r["b"], by=member)
    TrainingJob.objects.filter(name="a").update(state=Job.State.RUNNING)
    for job, before in ((r["a"], r["b"]), (r["b"], r["a"])):
        with pytest.raises(RunsError, match="The run a waits no more"):
            queue.move(job=job, before=before, by=admin)


def test_one_sees_how_many_are_ahead_but_only_ones_own_by_name(
    runs: Runs, trainer: User, admin: User, member: User
) -> None:
    r = runs(a=0, b=0, c=0)
    TrainingJob.objects.filter(name="a").update(state=Job.State.RUNNING)
    assert queue.ahead(r["c"], trainer) == queue.ahead(r["c"], admin)
    assert queue.ahead(r["c"], admin) == queue.Ahead(1, 1, (r["b"],))
    assert queue.ahead(r["c"], member) == queue.Ahead(1, 1, ())
    assert queue.ahead(r["a"], admin) == queue.Ahead(0, 0, ())


@pytest.mark.django_db(transaction=True)
def test_two_who_move_at_once_leave_every_run_in_a_place_of_its_own(
    runs: Runs, trainer: User
) -> None:
    r = runs(**dict.fromkeys("abcdef", 0))

    def moves(names: str) -> None:
        for name in names * 4:
            queue.first(job=TrainingJob.objects.get(name=name), by=trainer)
        connection.close()

    threads = [threading.Thread(target=moves, args=(names,)) for names in ("bdf", "ace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order()) == sorted(r)
    assert len(set(TrainingJob.objects.values_list("place", flat=True))) == len(r)
    assert [name for name in order() if name in "bdf"] == ["f", "d", "b"]
    assert [name for name in order() if name in "ace"] == ["e", "c", "a"]


def test_workers_take_them_in_this_order_and_are_told_of_the_next(
    runs: Runs, trainer: User, tasks: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = runs(a=0, b=0, c=0)
    queue.first(job=r["c"], by=trainer)
    taken: list[str] = []

    def done(job: TrainingJob) -> None:
        taken.append(job.name)
        working.held.end(job, Job.State.DONE)

    monkeypatch.setattr(working, "_work", done)
    for expected in (str(r["a"].pk), str(r["b"].pk)):
        working.run_next()
        assert tasks[-1] == (expected, 1)
    working.run_next()
    assert (taken, len(tasks)) == (["c", "a", "b"], 2)


def test_a_page_can_say_how_far_a_run_is_and_when_it_ends(runs: Runs) -> None:
    job = runs(a=0)["a"]
    assert progress.of(job) == progress.Progress(0, 0, "Waiting", None, None, None, None, None)
    assert TrainingJob.objects.claim(job.pk, attempt=1, worker=identity())
    job.refresh_from_db()
    assert progress.of(job).phase == "Starting"
    events = Events(RunFolder(job.folder).events_file)
    report = Report(events)
    report.phase("Training")
    for step in (1, 2, 3):
        report.progress(step, 100)
        report.metrics(step, {"tokens_per_second": 50.0, "memory_bytes": 7.0})
    report.phase("Saving")
    events.add("progress", done=3, total=100, phase="Training", left=600.0)
    Follower(job, RunFolder(job.folder)).catch_up()
    found = progress.of(job)
    assert (found.done, found.of, found.percent, found.tokens_per_second) == (3, 100, 3, 50.0)
    assert found.seconds_left == pytest.approx(600, abs=60)
    job.expected_at = timezone.now()
    assert progress.of(job).seconds_left is None
