"""Making a run's row, and what a person may do with it: stop it, go on with it, remove it."""

import logging
import shutil

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.recording import Kind, Verb, record
from evaluation.models import EvaluationRun
from evaluation.services.errors import EvaluationsError
from evaluation.services.runs.asking import Asked
from training.models import Job

log = logging.getLogger(__name__)
State = Job.State
TASK = "evaluation.tasks.run_evaluation"
STOPPED = "Stopped before it began."


@transaction.atomic
def create(*, asked: Asked, owner: User | None, tell: bool = True) -> EvaluationRun:
    """A waiting run; `tell` has a worker take it. What everyone may measure with, everyone may see:
    runs of benchmarks and of shared datasets are shared once they are done."""
    about = asked.benchmark
    run = EvaluationRun.objects.create(
        owner=owner,
        name=asked.name or usual_name(asked),
        shared=asked.dataset is None or asked.dataset.dataset.shared,
        model=asked.subject.model,
        remote=asked.subject.remote,
        subject=asked.subject.identity,
        benchmark=about.name if about else "",
        benchmark_version=about.version if about else "",
        dataset=asked.dataset,
        split=asked.split,
        matter=asked.matter,
        prompt=dict(asked.prompt),
        shots=asked.shots,
        settings=dict(asked.settings),
        seed=asked.seed,
        chat_template=asked.chat_template,
        limit=asked.limit,
        measures=list(asked.measures),
        convention=asked.convention,
        total_items=asked.items,
    )
    if tell:
        transaction.on_commit(lambda: enqueue(run))
    return run


def usual_name(asked: Asked) -> str:
    matter = asked.benchmark.title if asked.benchmark else str(asked.dataset)
    return f"{asked.subject.name} on {matter}"[:96]


def enqueue(run: EvaluationRun) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task(TASK, args=[str(run.pk), run.attempt])
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


@transaction.atomic
def cancel(*, run: EvaluationRun) -> None:
    """At once where no worker has it, else its worker has the process end."""
    waiting = EvaluationRun.objects.filter(pk=run.pk, state=State.WAITING)
    if waiting.update(state=State.CANCELLED, ended_at=timezone.now(), error=STOPPED, phase=""):
        return
    running = EvaluationRun.objects.filter(pk=run.pk, state=State.RUNNING)
    if not running.update(cancel_requested=True):
        raise EvaluationsError(f"The evaluation {run.name} has ended already.")


@transaction.atomic
def resume(*, run: EvaluationRun, tell: bool = True) -> None:
    """Go on as a new attempt; what is answered already is not asked again."""
    ended = EvaluationRun.objects.filter(
        pk=run.pk, state__in=(State.FAILED, State.CANCELLED), attempt=run.attempt
    )
    fresh = {"worker": "", "error": "", "phase": "", "deaths": 0, "ended_at": None}
    changes = {**fresh, "state": State.WAITING, "cancel_requested": False}
    now = timezone.now()
    if not ended.update(attempt=run.attempt + 1, heartbeat_at=now, **changes):
        run.refresh_from_db()
        raise EvaluationsError(f"{run.name} is {run.status}, so there is nothing to go on with.")
    run.refresh_from_db()
    if tell:
        transaction.on_commit(lambda: enqueue(run))


def remove(*, run: EvaluationRun) -> None:
    """The row with its scores, then its folder. EvaluationsError while it is at work."""
    ended = EvaluationRun.objects.filter(pk=run.pk).exclude(state__in=Job.LIVE)
    folder, key = run.folder, run.pk
    with transaction.atomic():
        if not ended.delete()[0]:
            raise EvaluationsError(f"{run.name} is at work. Stop it first.")
        about = f"{run.subject_name} on {run.matter}"
        record(verb=Verb.REMOVED, kind=Kind.EVALUATION, name=run.name, thing=key, about=about)
    shutil.rmtree(folder, ignore_errors=True)
