"""Storing answers, and making a prompt whose answers are all there into a ranking task.

Every write is fenced by "it runs, in this attempt, and it is mine", in the transaction of the
write itself: a worker that lost the batch stores nothing.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from feedback.models import Batch, BatchAnswer, BatchPrompt, RankingTask
from feedback.rules.spreading import Given, Slot, distinct, next_slots
from feedback.services.batches.answers import Column, Written
from feedback.services.batches.making import same_answers
from feedback.services.errors import FeedbackError
from feedback.services.tasks import NewAnswer, add_task
from training.models import JobLostError

State = BatchPrompt.State


def touch(batch: Batch, **changes: object) -> None:
    """Renew the heartbeat; JobLostError where the batch is no longer this worker's."""
    held = Batch.objects.held(batch.pk, attempt=batch.attempt, worker=batch.worker)
    if not held.update(heartbeat_at=timezone.now(), **changes):
        raise JobLostError(str(batch.pk))


def columns_of(batch: Batch) -> list[Column]:
    return [Column.from_dict(column) for column in batch.columns]


def varied(batch: Batch) -> list[bool]:
    return [not column.settings.greedy for column in columns_of(batch)]


def missing(batch: Batch, prompt: BatchPrompt) -> list[Slot]:
    """The answers this prompt still needs."""
    rows = prompt.answers.values_list("number", "attempt", "text")
    given = [Given(*row) for row in rows]
    return next_slots(given, row=prompt.number, candidates=batch.candidates, varied=varied(batch))


@transaction.atomic
def store(batch: Batch, prompt: BatchPrompt, slot: Slot, written: Written) -> None:
    """Keep an answer; one that is there already stays as it is. The worker got somewhere, so
    those that died before it no longer count."""
    touch(batch, deaths=0)
    BatchAnswer.objects.get_or_create(
        prompt=prompt,
        number=slot.number,
        attempt=slot.attempt,
        defaults={
            "column": slot.column,
            "seed": written.seed,
            "text": written.text,
            "tokens": written.tokens,
            "finish_reason": written.finish_reason,
            "total_ms": written.total_ms,
        },
    )


def finish(batch: Batch, prompt: BatchPrompt) -> None:
    """A ranking task of the prompt's answers, or the sentence that says why there is none."""
    answers = list(prompt.answers.all())
    given = [Given(answer.number, answer.attempt, answer.text) for answer in answers]
    if len(distinct(given)) < 2:
        empty = "Every answer is empty." if not distinct(given) else same_answers(varied(batch))
        fail(batch, prompt, empty)
        return
    try:
        with transaction.atomic():
            _make(batch, prompt, answers)
    except FeedbackError as error:
        fail(batch, prompt, str(error))


def _make(batch: Batch, prompt: BatchPrompt, answers: Sequence[BatchAnswer]) -> None:
    touch(batch)
    columns = columns_of(batch)
    task = add_task(
        project=batch.project,
        source=RankingTask.Source.BATCH,
        external_id=":".join(filter(None, (batch.pk.hex, str(prompt.number), prompt.name))),
        messages=prompt.messages,
        answers=[as_new(columns[a.column], a) for a in answers if a.text.strip()],
        priority=prompt.priority,
    )
    mine = BatchPrompt.objects.filter(pk=prompt.pk, state=State.WAITING)
    if not mine.update(state=State.MADE, task=task, error=""):
        raise JobLostError(str(prompt.pk))


def as_new(column: Column, answer: BatchAnswer) -> NewAnswer:
    written = Written(
        answer.text, column, answer.seed, answer.tokens, answer.finish_reason, answer.total_ms
    )
    return written.as_new


@transaction.atomic
def fail(batch: Batch, prompt: BatchPrompt, sentence: str) -> None:
    touch(batch)
    waiting = BatchPrompt.objects.filter(pk=prompt.pk, state=State.WAITING)
    waiting.update(state=State.FAILED, error=sentence)
