"""Doubt in the background: asked for on a project's page, worked out by a worker piece by piece.

The engine scores, so the worker needs no model library. What was found stays whatever happens, and
the next worker goes on behind it.
"""

import logging
from contextlib import suppress
from itertools import islice

from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from feedback.models import Doubting, Project, RankingTask
from feedback.services import doubting
from feedback.services.errors import FeedbackError
from llmkit.identity import identity
from training.models import Job, JobLostError, ModelVersion
from training.services import held, rewards

log = logging.getLogger(__name__)
State = Job.State
AT_ONCE = 8
MOST_ATTEMPTS = 5
CANCELLED = "Stopped. What was found so far is kept."
DIED = f"The worker died {MOST_ATTEMPTS} times over it. Its log may say why."


@transaction.atomic
def begin(*, project: Project, name: str, by: User | None) -> Doubting:
    """Have a reward model look at every open task that nobody has begun."""
    judges = {version.name: version for version in rewards.to_choose_from()}
    if name not in judges:
        raise FeedbackError("Choose a reward model that is there.")
    total = doubting.waiting(project).count()
    if not total:
        raise FeedbackError("Every task has been begun, so there is nothing to put in order.")
    job = _created(project, judges[name], total, by)
    transaction.on_commit(lambda: enqueue(job))
    return job


def _created(project: Project, judge: ModelVersion, total: int, by: User | None) -> Doubting:
    try:
        with transaction.atomic():
            return Doubting.objects.create(
                project=project, judge=judge, total_bytes=total, started_by=by
            )
    except IntegrityError as error:
        raise FeedbackError("A reward model is looking at this project already.") from error


def enqueue(job: Doubting) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task("feedback.tasks.doubt_tasks", args=[str(job.pk), job.attempt])
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


def cancel(*, job: Doubting) -> None:
    mine = Doubting.objects.filter(pk=job.pk)
    ended = {"state": State.CANCELLED, "ended_at": timezone.now(), "error": CANCELLED}
    if not mine.filter(state=State.WAITING).update(**ended):
        mine.filter(state=State.RUNNING).update(cancel_requested=True)


def run(*, job_id: str, attempt: int) -> None:
    """Do it, unless another worker has it or the attempt is an old one."""
    if not Doubting.objects.claim(job_id, attempt=attempt, worker=identity()):
        return
    job = Doubting.objects.select_related("project", "judge__base").get(pk=job_id)
    with suppress(JobLostError):
        try:
            state = _work(job)
            held.end(job, state, CANCELLED if state == State.CANCELLED else "")
        except FeedbackError as error:
            held.end(job, State.FAILED, str(error))


def _work(job: Doubting) -> str:
    """Piece by piece, so that it is seen how far it is and can be stopped."""
    waiting = doubting.waiting(job.project).filter(pk__gt=job.last)
    keys = iter(list(waiting.values_list("pk", flat=True)))
    while part := list(islice(keys, AT_ONCE)):
        if held.beat(job, phase="Scoring"):
            return State.CANCELLED
        found = list(RankingTask.objects.filter(pk__in=part).order_by("pk"))
        doubting.by_engine(found, job.judge)
        RankingTask.objects.bulk_update(found, ["doubt"])
        held.touch(job, last=part[-1], done_bytes=job.done_bytes + len(part))
    return State.DONE


def reap() -> None:
    """Find what its worker or the broker has dropped, and go on with it or end it."""
    for job in held.dropped(Doubting):
        with suppress(JobLostError):
            if job.cancel_requested:
                held.end(job, State.CANCELLED, CANCELLED)
            elif job.attempt >= MOST_ATTEMPTS:
                held.end(job, State.FAILED, DIED)
            else:
                held.again(job, enqueue, phase="Starting again")
    held.remind(Doubting, enqueue)
