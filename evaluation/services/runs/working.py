"""A worker's side of an evaluation: claim the row, drive the process that asks, end the row.

As with training, the process, the worker or the machine may die at any moment: then the row waits
again, and the next attempt asks only what has no answer yet.
"""

import logging
from contextlib import suppress
from time import sleep

from django.conf import settings

from evaluation.models import EvaluationRun
from evaluation.run.errors import DISK_FULL
from evaluation.services.errors import EvaluationsError
from evaluation.services.runs import filing, folders, making
from evaluation.services.runs.child import EvaluationChild
from evaluation.services.runs.following import Follower
from evaluation.services.runs.subjects import Subject
from llmkit.identity import identity, identity_of
from training.models import Job, JobLostError
from training.run.errors import is_disk_full
from training.run.folder import RunFolder
from training.run.running import CANCELLED, FAILED, FULL, SUCCEEDED
from training.services import held
from training.services.runs import disk, leaving
from training.services.runs.child import ended

log = logging.getLogger(__name__)
State = Job.State
BEAT_SECONDS = held.BEAT_SECONDS
MOST_DEATHS = 3
STOPPED = "Stopped after {done} of {total} items. Resume it to go on from there."
BROKE = "The evaluation broke off because of a fault on this site. The worker's log says which."
DIED = (
    "The process that asks was killed {times} times after {done} items, perhaps because memory ran "
    "out. Unload a model or choose a smaller one, then resume the evaluation."
)


class StoppedError(Exception):
    """Someone asked for an end."""


def run(*, run_id: str, attempt: int) -> bool:
    """Evaluate, unless another worker has it or the attempt is an old one; whether it was ours."""
    if not EvaluationRun.objects.claim(run_id, attempt=attempt, worker=identity()):
        return False
    rows = EvaluationRun.objects.select_related("model__base", "model__parent", "dataset__dataset")
    row = rows.get(pk=run_id)
    try:
        _work(row)
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", row)
    except KeyboardInterrupt:
        with suppress(JobLostError):
            _stopped(row)
        raise
    except Exception as error:
        log.exception("%s broke off", row)
        with suppress(JobLostError):
            held.end(row, State.FAILED, sentence_of(error))
    return True


def sentence_of(error: Exception) -> str:
    if is_disk_full(error):
        return DISK_FULL
    return str(error) if isinstance(error, EvaluationsError) else BROKE


def _work(row: EvaluationRun) -> None:
    try:
        subject = folders.subject_of_run(row)
        folder = folders.written(row, subject)
        follower = Follower(row, folder)
        _make_room(row, folder, follower)
        follower.ended = {}
        code = _asked(row, folder, follower, subject)
    except StoppedError:
        _stopped(row)
    else:
        settle(row, code, follower)


def _make_room(row: EvaluationRun, folder: RunFolder, follower: Follower) -> None:
    """Wait until no process of an attempt before is in the folder."""

    def wait() -> None:
        if follower.beat():
            raise StoppedError
        sleep(BEAT_SECONDS / 5)

    ended(row.child, wait)
    while not disk.swept(folder):
        wait()
    follower.catch_up()


def _asked(row: EvaluationRun, folder: RunFolder, follower: Follower, subject: Subject) -> int:
    """The exit code of the process, after its last word was read."""
    with EvaluationChild(folder, subject.key) as child:
        held.touch(row, child=identity_of(child.pid))
        while (code := child.wait(BEAT_SECONDS)) is None:
            if follower.beat() or leaving.begun():
                child.stop()
    follower.catch_up()
    disk.swept(folder)
    return code


def settle(row: EvaluationRun, code: int, follower: Follower) -> None:
    """How the row goes on after its process ended."""
    if code == SUCCEEDED:
        filing.finish(row, follower.ended)
    elif held.beat(row):
        _stopped(row)
    elif code == FAILED:
        held.end(row, State.FAILED, follower.ended.get("error") or BROKE)
    elif code == FULL:
        held.end(row, State.FAILED, DISK_FULL)
    elif code == CANCELLED:
        held.again(row, making.enqueue, phase="Starting again")
    else:
        died(row)


def _stopped(row: EvaluationRun) -> None:
    said = STOPPED.format(done=f"{row.done_items:,}", total=f"{row.total_items:,}")
    held.end(row, State.CANCELLED, said)


def died(row: EvaluationRun) -> None:
    """Go on as a new attempt, unless it dies at the same item time and again."""
    times = row.deaths + 1 if row.died_at == row.done_items else 1
    if times >= MOST_DEATHS:
        sentence = DIED.format(times=times, done=f"{row.done_items:,}")
        held.end(row, State.FAILED, sentence, deaths=times)
        return
    changes = {"deaths": times, "died_at": row.done_items, "phase": "Starting again"}
    held.again(row, making.enqueue, **changes)


def reap() -> None:
    """Find what its worker or the broker has dropped, and go on with it or end it."""
    for row in held.dropped(EvaluationRun):
        with suppress(JobLostError):
            _stopped(row) if row.cancel_requested else died(row)
    held.remind(EvaluationRun, making.enqueue, at_once=settings.RUNS_AT_ONCE)
