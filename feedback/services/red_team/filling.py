"""A worker's side of a finished attempt: more answers to its last prompt, and the ranking task.

The row is the truth, as with every job: claimed once, fenced by attempt and worker, found again by
the reaper where its worker was lost.
"""

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

from celery import current_app
from django.db import connections, transaction
from django.utils import timezone

from feedback.models import Attempt, Filling, RankingTask
from feedback.services.batches.answers import Column, answers_for
from feedback.services.errors import FeedbackError
from feedback.services.tasks import NewAnswer, add_task
from llmkit.identity import identity, is_dead
from training.models import Job, JobLostError
from training.models.job import SILENT_AFTER

log = logging.getLogger(__name__)
BEAT_SECONDS = 2.0
MOST_DEATHS = 3
PATIENCE: timedelta = 2 * SILENT_AFTER
DIED = f"The worker died {MOST_DEATHS} times over it. Its log may say why."
ALIKE = "The model gave the same answer every time, so there is nothing to rank."


def begin(filling: Filling) -> None:
    transaction.on_commit(lambda: enqueue(filling))


def enqueue(filling: Filling) -> None:
    """Tell a worker; where the broker is away, the row waits and the reaper tells it later."""
    try:
        arguments = [str(filling.pk), filling.attempt]
        current_app.send_task("feedback.tasks.fill_attempt", args=arguments)
    except Exception:
        log.warning("The broker can't be told of %s yet", filling, exc_info=True)


def again(*, attempt: Attempt) -> None:
    """After a failure."""
    failed = Filling.objects.filter(attempt_made=attempt, state=Job.State.FAILED)
    now, found = timezone.now(), failed.first()
    if found is None or not failed.update(
        state=Job.State.WAITING, attempt=found.attempt + 1, error="", deaths=0, heartbeat_at=now
    ):
        raise FeedbackError("There is nothing to try again here.")
    found.attempt += 1
    begin(found)


def run(*, filling_id: str, attempt: int) -> None:
    """Make the task, unless another worker does or the attempt is an old one."""
    worker = identity()
    if not Filling.objects.claim(filling_id, attempt=attempt, worker=worker):
        return
    filling = Filling.objects.select_related("attempt_made__project").get(pk=filling_id)
    try:
        _finish(filling, _written(filling))
    except FeedbackError as error:
        with suppress(JobLostError):
            _touch(filling, state=Job.State.FAILED, error=str(error), ended_at=timezone.now())
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", filling)


def _written(filling: Filling) -> list[NewAnswer]:
    """K-1 more answers; the row's heart beats while the models write."""
    made = filling.attempt_made
    column = Column.from_dict({"model": made.model, "settings": made.settings})
    more = max(1, made.project.candidates - 1)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_asked, made.prompt[:-1], column, more)
        while not wait([writing], timeout=BEAT_SECONDS).done:
            _touch(filling)
        return [given(made), *(answer for answer in writing.result() if answer.text)]


def _asked(messages: list[dict[str, str]], column: Column, more: int) -> list[NewAnswer]:
    try:
        return answers_for(messages=messages, columns=[column], candidates=more)
    finally:
        connections.close_all()


def given(made: Attempt) -> NewAnswer:
    """The answer that the person got last."""
    last = made.messages[-1]
    facts = {name: last.get(name) for name in ("seed", "tokens")}
    source = {"model": made.model, "settings": made.settings, **facts}
    return NewAnswer(last["content"], source | {"finish_reason": last.get("finish_reason") or ""})


def _finish(filling: Filling, answers: list[NewAnswer]) -> None:
    made = filling.attempt_made
    if len({answer.text for answer in answers}) < 2:
        raise FeedbackError(ALIKE)
    with transaction.atomic():
        _touch(filling, state=Job.State.DONE, ended_at=timezone.now())
        task = add_task(
            project=made.project,
            source=RankingTask.Source.RED_TEAM,
            external_id=f"attempt:{made.pk}",
            messages=made.prompt[:-1],
            answers=answers,
        )
        Attempt.objects.filter(pk=made.pk).update(task=task)


def _touch(filling: Filling, **changes: object) -> None:
    held = Filling.objects.held(filling.pk, attempt=filling.attempt, worker=filling.worker)
    if not held.update(**{"heartbeat_at": timezone.now(), **changes}):
        raise JobLostError(str(filling.pk))


def reap() -> None:
    """Find what a worker or the broker has dropped, and go on with it or end it."""
    silent = set(Filling.objects.silent().values_list("pk", flat=True))
    for filling in Filling.objects.filter(state=Job.State.RUNNING):
        if filling.pk in silent or is_dead(filling.worker):
            with suppress(JobLostError):
                _take_over(filling)
    before = timezone.now() - PATIENCE
    for filling in Filling.objects.filter(state=Job.State.WAITING, heartbeat_at__lt=before):
        same = Filling.objects.filter(pk=filling.pk, heartbeat_at=filling.heartbeat_at)
        if same.update(heartbeat_at=timezone.now()):
            enqueue(filling)


def _take_over(filling: Filling) -> None:
    deaths = filling.deaths + 1
    if deaths >= MOST_DEATHS:
        _touch(filling, state=Job.State.FAILED, error=DIED, ended_at=timezone.now(), deaths=deaths)
        return
    later = {"worker": "", "attempt": filling.attempt + 1, "deaths": deaths}
    _touch(filling, state=Job.State.WAITING, **later)
    filling.attempt += 1
    enqueue(filling)
