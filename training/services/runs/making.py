"""Making a run's row, and what a person may do with it: stop it, and go on with it."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from training.models import Job, ModelVersion, TrainingData, TrainingJob
from training.models.training_job import last_place
from training.services.errors import RunsError
from training.services.runs import preflight
from training.services.runs.asking import Asked

log = logging.getLogger(__name__)
State = Job.State
STOPPED = "Stopped before it began."


@transaction.atomic
def create(*, asked: Asked, owner: User | None, tell: bool = True, **more: Any) -> TrainingJob:
    """A waiting run; `tell` has a worker take it. A name that is taken gets a number behind it.

    `more`: further fields of the row, such as the sweep it belongs to.
    """
    job = TrainingJob.objects.create(
        owner=owner,
        name=free_name(asked),
        method=asked.method.name,
        config=asked.config,
        peft=asked.peft,
        model=asked.model,
        adapter=asked.adapter,
        reward_model=asked.reward_model,
        processes=asked.processes,
        priority=asked.priority,
        plan=preflight.known(asked) or {},
        look=TrainingJob.objects.next_look(),
        steps=asked.config.get("max_steps") or 0,
        **more,
    )
    TrainingData.objects.bulk_create(
        TrainingData(job=job, version=each.version, weight=each.weight, place=place)
        for place, each in enumerate(asked.data)
    )
    if tell:
        if not job.plan:
            transaction.on_commit(lambda: enqueue(job, task="plan_run"))
        transaction.on_commit(lambda: enqueue(job))
    return job


def free_name(asked: Asked) -> str:
    """The wanted name, or the first `name-2`, `name-3`, … that no run and no model has."""
    taken = set(
        TrainingJob.objects.filter(model=asked.model, name__startswith=asked.name).values_list(
            "name", flat=True
        )
    )
    made = ModelVersion.objects.known().filter(name__contains=asked.name)
    taken |= {name.rpartition(":")[2] for name in made.values_list("name", flat=True)}
    return next(name for name in numbered(asked.name, len(taken)) if name not in taken)


def numbered(name: str, most: int) -> list[str]:
    return [name, *(f"{name}-{number}" for number in range(2, most + 3))]


def enqueue(job: TrainingJob, task: str = "run_training") -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task(f"training.tasks.{task}", args=[str(job.pk), job.attempt])
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


@transaction.atomic
def cancel(*, job: TrainingJob) -> None:
    """At once where no worker has it, else its worker has the process keep a checkpoint."""
    waiting = TrainingJob.objects.filter(pk=job.pk, state=State.WAITING)
    if waiting.update(state=State.CANCELLED, ended_at=timezone.now(), error=STOPPED, phase=""):
        return
    running = TrainingJob.objects.filter(pk=job.pk, state=State.RUNNING)
    if not running.update(cancel_requested=True):
        raise RunsError(f"The run {job.name} has ended already.")


@transaction.atomic
def resume(*, job: TrainingJob, tell: bool = True) -> None:
    """Go on from its last checkpoint, as a new attempt."""
    ended = TrainingJob.objects.known().filter(
        pk=job.pk, state__in=(State.FAILED, State.CANCELLED), attempt=job.attempt
    )
    fresh = {"worker": "", "error": "", "phase": "", "deaths": 0}
    fresh |= {"ended_at": None, "expected_at": None}
    changes = {**fresh, "state": State.WAITING, "cancel_requested": False, "place": last_place()}
    now = timezone.now()
    if not ended.update(attempt=job.attempt + 1, heartbeat_at=now, **changes):
        job.refresh_from_db()
        raise RunsError(f"The run {job.name} is {job.status}, so there is nothing to go on with.")
    job.refresh_from_db()
    if tell:
        transaction.on_commit(lambda: enqueue(job))
