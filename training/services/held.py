"""What every worker does with its row, whatever the work: fenced writes, heartbeats, taking over.

A row is a `training.models.Job`. Each write says "this attempt, and mine"; where it changes nothing
the row has been taken over or ended elsewhere, and JobLostError says so.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.utils import timezone

from llmkit.identity import is_dead
from training.models import Job, JobLostError
from training.models.job import SILENT_AFTER

J = TypeVar("J", bound=Job)
BEAT_SECONDS = 1.0
WAITING_PATIENCE = 2 * SILENT_AFTER
State = Job.State


def held(row: Job) -> Any:
    """The row as a query, while it is this worker's."""
    rows: Any = type(row)._default_manager
    return rows.held(row.pk, attempt=row.attempt, worker=row.worker)


def touch(row: Job, **changes: Any) -> None:
    if not held(row).update(**changes):
        raise JobLostError(str(row.pk))
    for name, value in changes.items():
        setattr(row, name, value)


def beat(row: Job, **changes: Any) -> bool:
    """Store that this worker lives, and how far it is; returns whether it should stop."""
    touch(row, heartbeat_at=timezone.now(), **changes)
    return bool(held(row).filter(cancel_requested=True).exists())


def end(row: Job, state: str, sentence: str = "", **changes: Any) -> None:
    touch(row, state=state, error=sentence, phase="", ended_at=timezone.now(), **changes)


def again(row: Job, enqueue: Callable[[Any], None], **changes: Any) -> None:
    """Give it back: the next worker goes on with it as a new attempt."""
    attempt, now = row.attempt + 1, timezone.now()
    touch(row, state=State.WAITING, attempt=attempt, worker="", heartbeat_at=now, **changes)
    enqueue(row)


def dropped(kind: type[J]) -> list[J]:
    """Running rows whose worker is dead or was not heard of for too long."""
    rows: Any = kind._default_manager
    silent = set(rows.silent().values_list("pk", flat=True))
    running = rows.filter(state=State.RUNNING)
    return [row for row in running if row.pk in silent or is_dead(row.worker)]


def reaped(
    kind: type[J],
    take_over: Callable[[J], Any],
    enqueue: Callable[[J], Any],
    *,
    at_once: int | None = 1,
) -> None:
    """`take_over` what its worker has dropped, and remind the broker of what it has."""
    for row in dropped(kind):
        with suppress(JobLostError):
            take_over(row)
    remind(kind, enqueue, at_once=at_once)


def remind(kind: type[J], enqueue: Callable[[J], Any], *, at_once: int | None = 1) -> None:
    """Send a waiting row's task again where it seems lost; one that comes twice does no harm.

    While workers are busy with `at_once` other rows, waiting is no sign of anything; None: it
    always is.
    """
    rows: Any = kind._default_manager
    if at_once is not None and rows.filter(state=State.RUNNING).count() >= at_once:
        return
    before = timezone.now() - WAITING_PATIENCE
    for row in rows.filter(state=State.WAITING, heartbeat_at__lt=before):
        same = rows.filter(pk=row.pk, heartbeat_at=row.heartbeat_at)
        if same.update(heartbeat_at=timezone.now()):
            enqueue(row)
