"""A worker's side of a run: claim the row, drive the process that trains, end the row.

The process, the worker or the machine may die at any moment. Then the row waits again and the next
attempt goes on from the run's last whole checkpoint; one that dies again and again at the same step
is given up.
"""

import logging
from contextlib import suppress
from signal import SIGKILL, Signals
from time import sleep

from django.conf import settings
from django.db import DatabaseError, connection

from llmkit.identity import identity, identity_of
from training.models import Job, JobLostError, TrainingJob
from training.run.errors import DISK_FULL, LAST, is_disk_full
from training.run.folder import RunFolder
from training.run.lowering import what_to_lower
from training.run.running import CANCELLED, FAILED, FULL, SUCCEEDED
from training.services import held
from training.services.errors import RunsError
from training.services.runs import disk, folders, leaving, making, registering
from training.services.runs.child import Child, ended
from training.services.runs.following import Follower

log = logging.getLogger(__name__)
State = Job.State
BEAT_SECONDS = held.BEAT_SECONDS
MOST_DEATHS = 3
STOPPED = "Stopped at step {step}. Resume it to go on from there."
BROKE = "The run broke off because of a fault on this site. The worker's log says which."
DIED = (
    "The process that trains was killed {times} times at step {step}, most likely because memory "
    "ran out. {lower}"
)
CRASHED = "The process that trains broke off {times} times at step {step} ({how}). See its output."


class StoppedError(Exception):
    """Someone asked for an end."""


def run_next() -> None:
    """The first of the queue, if there is one that no other worker takes.

    Afterwards the broker is told of the one that is first then, in case its message was lost.
    """
    for job in TrainingJob.objects.queue()[:20]:
        if run(job_id=str(job.pk), attempt=job.attempt):
            break
    else:
        return
    following = TrainingJob.objects.queue().first()
    if following is not None:
        making.enqueue(following)


def run(*, job_id: str, attempt: int) -> bool:
    """Train, unless another worker has it or the attempt is an old one; whether it was ours."""
    if not TrainingJob.objects.claim(job_id, attempt=attempt, worker=identity()):
        return False
    job = TrainingJob.objects.select_related("owner", "model", "adapter", "reward_model__base").get(
        pk=job_id
    )
    try:
        _work(job)
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", job)
    except KeyboardInterrupt:
        with suppress(JobLostError):
            _stopped(job)
        raise
    except Exception as error:
        log.exception("%s broke off", job)
        with suppress(JobLostError):
            held.end(job, State.FAILED, sentence_of(error))
    return True


def sentence_of(error: Exception) -> str:
    if is_disk_full(error):
        return DISK_FULL.format(checkpoint=LAST)
    return str(error) if isinstance(error, RunsError) else BROKE


def _work(job: TrainingJob) -> None:
    try:
        folder = folders.written(job)
        follower = Follower(job, folder)
        _make_room(job, folder, follower)
        follower.ended = {}
        code = _trained(job, folder, follower)
    except StoppedError:
        _stopped(job)
    else:
        settle(job, code, follower)


def _make_room(job: TrainingJob, folder: RunFolder, follower: Follower) -> None:
    """Wait until no process of an attempt before is in the folder."""

    def wait() -> None:
        if follower.beat():
            raise StoppedError
        sleep(BEAT_SECONDS / 5)

    ended(job.child, wait)
    while not disk.swept(folder):
        wait()
    follower.catch_up()


def _trained(job: TrainingJob, folder: RunFolder, follower: Follower) -> int:
    """The exit code of the process, after its last word was read."""
    with Child(folder) as child:
        held.touch(job, child=identity_of(child.pid))
        while (code := child.wait(BEAT_SECONDS)) is None:
            if follower.beat() or leaving.begun():
                child.stop()
    follower.catch_up()
    disk.swept(folder)
    return code


def settle(job: TrainingJob, code: int, follower: Follower) -> None:
    """How the row goes on after its process ended."""
    if code == SUCCEEDED:
        registering.finish(job, follower.ended.get("measures", {}))
    elif held.beat(job):
        _stopped(job)
    elif code == FAILED:
        held.end(job, State.FAILED, follower.ended.get("error") or BROKE)
    elif code == FULL:
        held.end(job, State.FAILED, DISK_FULL.format(checkpoint=LAST))
    elif code == CANCELLED:
        held.again(job, making.enqueue, phase="Starting again", expected_at=None)
    else:
        died(job, code)


def _stopped(job: TrainingJob) -> None:
    held.end(job, State.CANCELLED, STOPPED.format(step=f"{job.step:,}"))


def died(job: TrainingJob, code: int | None = None) -> None:
    """Go on as a new attempt, unless it dies at the same step time and again.

    Without a code it died together with its worker.
    """
    times = job.deaths + 1 if job.died_at == job.step else 1
    if times >= MOST_DEATHS:
        held.end(job, State.FAILED, of_what(job, code, times), deaths=times)
        return
    changes = {"deaths": times, "died_at": job.step, "phase": "Starting again"}
    held.again(job, making.enqueue, expected_at=None, **changes)


def of_what(job: TrainingJob, code: int | None, times: int) -> str:
    """The system kills what takes too much memory by SIGKILL, which leaves no other trace."""
    step = f"{job.step:,}"
    if code is None or code == -SIGKILL:
        config = {"method": job.method, "config": job.config, "peft": job.peft}
        lower = what_to_lower(config | {"adapter": job.adapter_id})
        return DIED.format(times=times, step=step, lower=lower)
    how = Signals(-code).name if code < 0 else f"exit code {code}"
    return CRASHED.format(times=times, step=step, how=how)


def reap() -> None:
    """Find what its worker or the broker has dropped, and go on with it or end it."""
    held.reaped(TrainingJob, _taken_over, making.enqueue, at_once=settings.RUNS_AT_ONCE)


def _taken_over(job: TrainingJob) -> None:
    _stopped(job) if job.cancel_requested else died(job)


def reap_here() -> None:
    """In a thread of its own, with a connection of its own."""
    try:
        reap()
    except DatabaseError:
        log.exception("What was dropped can't be looked for now; tried again in a minute")
    finally:
        connection.close()
