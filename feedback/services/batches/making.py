"""Making a batch and steering it: read the prompts, choose the models, start, stop, go on."""

import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from feedback.models import Batch, BatchPrompt, Project, RankingTask, RefusedPrompt
from feedback.rules.spreading import MOST_ATTEMPTS
from feedback.services.batches.answers import SEEDS, Column
from feedback.services.batches.reading import Read, read_prompts
from feedback.services.errors import FeedbackError
from llmkit.types import SettingsError
from training.models import Job

log = logging.getLogger(__name__)
CHUNK = 500
MOST_COLUMNS = 4
CANDIDATES = range(2, 10)
DRAFTS_KEPT = timedelta(days=7)
STOPPED = "What was answered is kept."
State = BatchPrompt.State


def draft(
    *, project: Project, name: str, content: bytes, system: str = "", by: User | None
) -> Batch:
    """A batch of the prompts in a file, not started yet. FeedbackError: nothing in it is usable."""
    read = read_prompts(name=name, content=content, system=system)
    if not read.prompts:
        first = read.refused[0]
        raise FeedbackError(
            f"No row can be used. Row {first.number}: {first.fault}. Correct the file, then "
            "choose it again."
        )
    return _stored(project, name, read, by)


@transaction.atomic
def _stored(project: Project, name: str, read: Read, by: User | None) -> Batch:
    batch = Batch.objects.create(
        project=project,
        name=name.removesuffix(".txt")[:300],
        state=Job.State.RECEIVING,
        candidates=project.candidates,
        seed=secrets.randbelow(SEEDS),
        started_by=by,
    )
    known = known_hashes(project, (prompt.prompt_hash for prompt in read.prompts))
    rows = [
        BatchPrompt(
            batch=batch,
            number=prompt.number,
            name=prompt.name,
            messages=list(prompt.messages),
            prompt_hash=prompt.prompt_hash,
            priority=prompt.priority,
            known=prompt.prompt_hash in known,
        )
        for prompt in read.prompts
    ]
    BatchPrompt.objects.bulk_create(rows, CHUNK)
    refused = [
        RefusedPrompt(batch=batch, number=row.number, fault=row.fault[:300], raw=plain(row.raw))
        for row in read.refused
    ]
    RefusedPrompt.objects.bulk_create(refused, CHUNK)
    return batch


def plain(raw: str) -> str:
    """The row as a text that every database takes."""
    return raw.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def known_hashes(project: Project, hashes: Iterable[str]) -> set[str]:
    """Those that open tasks of the project have."""
    wanted, found = list(hashes), set[str]()
    tasks = RankingTask.objects.open().filter(project=project)
    for at in range(0, len(wanted), CHUNK):
        part = tasks.filter(prompt_hash__in=wanted[at : at + CHUNK])
        found |= set(part.values_list("prompt_hash", flat=True))
    return found


@transaction.atomic
def start(
    *,
    batch: Batch,
    columns: Sequence[Column],
    candidates: int,
    seed: int,
    skip_known: bool = True,
    tell: bool = True,
) -> None:
    """Have a worker ask the models. FeedbackError: started already, or a choice makes no sense.

    `tell=False` tells no worker: the caller does the work.
    """
    require_sense(columns, candidates)
    if skip_known:
        batch.prompts.filter(known=True).update(state=State.LEFT_OUT)
    if not batch.prompts.waiting().exists():
        raise FeedbackError("The project has every one of these prompts already.")
    drafts = Batch.objects.filter(pk=batch.pk, state=Job.State.RECEIVING)
    started = drafts.update(
        state=Job.State.WAITING,
        columns=[column.to_dict() for column in columns],
        candidates=candidates,
        seed=seed,
        heartbeat_at=timezone.now(),
    )
    if not started:
        raise FeedbackError("This batch was started already.")
    batch.refresh_from_db()
    if tell:
        transaction.on_commit(lambda: enqueue(batch))


def require_sense(columns: Sequence[Column], candidates: int) -> None:
    if not 1 <= len(columns) <= MOST_COLUMNS:
        raise FeedbackError(f"Choose one to {MOST_COLUMNS} models.")
    if candidates not in CANDIDATES:
        raise FeedbackError(
            f"A prompt gets {CANDIDATES.start} to {CANDIDATES.stop - 1} answers to choose between."
        )
    try:
        for column in columns:
            column.settings.validated()
    except SettingsError as error:
        raise FeedbackError(str(error)) from error
    named = [(column.model, column.settings.with_seed(0)) for column in columns]
    if len(set(named)) < len(named):
        raise FeedbackError("Two columns are the same. Change the model or a setting of one.")
    if len(columns) == 1 and columns[0].settings.greedy:
        raise FeedbackError(
            "At temperature 0 every answer would be the same. Raise it, or add another model."
        )


def enqueue(batch: Batch) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task(
            "feedback.tasks.generate_answers", args=[str(batch.pk), batch.attempt]
        )
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


@transaction.atomic
def cancel(*, batch: Batch) -> None:
    """Stop it: at once where no worker has it, else its worker is told."""
    waiting = Batch.objects.filter(pk=batch.pk, state=Job.State.WAITING)
    ended = {"state": Job.State.CANCELLED, "ended_at": timezone.now(), "error": STOPPED}
    if not waiting.update(**ended):
        running = Batch.objects.filter(pk=batch.pk, state=Job.State.RUNNING)
        running.update(cancel_requested=True)


@transaction.atomic
def resume(*, batch: Batch) -> None:
    """Go on with what is left, and once more with what failed. Nothing is asked for twice."""
    ended = Batch.objects.filter(
        pk=batch.pk, state__in=(Job.State.CANCELLED, Job.State.FAILED, Job.State.DONE)
    )
    batch.prompts.filter(state=State.FAILED).update(state=State.WAITING, error="")
    if not batch.prompts.waiting().exists():
        raise FeedbackError("Nothing is left to be answered.")
    batch.refresh_from_db()
    again = ended.filter(attempt=batch.attempt).update(
        state=Job.State.WAITING,
        attempt=batch.attempt + 1,
        worker="",
        cancel_requested=False,
        deaths=0,
        error="",
        phase="",
        ended_at=None,
        heartbeat_at=timezone.now(),
    )
    if not again:
        raise FeedbackError("This batch is at work already.")
    batch.refresh_from_db()
    transaction.on_commit(lambda: enqueue(batch))


@transaction.atomic
def discard(*, batch: Batch) -> None:
    """Forget a draft with its prompts."""
    gone, _ = Batch.objects.filter(pk=batch.pk, state=Job.State.RECEIVING).delete()
    if not gone:
        raise FeedbackError("This batch was started; stop it instead.")


def same_answers(varied: Sequence[bool]) -> str:
    """Why a prompt whose answers are all alike is kept out."""
    if not any(varied):
        return "All answers are the same, and at temperature 0 they always will be."
    return f"All answers are the same, also after {MOST_ATTEMPTS} more tries with other seeds."


def forget_old_drafts() -> None:
    old = Batch.objects.filter(state=Job.State.RECEIVING)
    old.filter(created_at__lt=timezone.now() - DRAFTS_KEPT).delete()
