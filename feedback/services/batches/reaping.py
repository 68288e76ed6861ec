"""Batches whose worker or message was lost: gone on with, or ended in words."""

from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from feedback.models import Batch
from feedback.services.batches import making
from feedback.services.batches.filing import touch
from llmkit.identity import is_dead
from training.models import Job, JobLostError
from training.models.job import SILENT_AFTER

MOST_DEATHS = 5
WAITING_PATIENCE: timedelta = 2 * SILENT_AFTER
DIED = (
    f"The worker died {MOST_DEATHS} times in a row over this batch. Its log may say why; every "
    "answer that was finished is kept."
)
NEXT = "The worker died. The next one goes on where it stopped."


def reap() -> None:
    """Find what its worker or the broker has dropped, and go on with it or end it."""
    silent = set(Batch.objects.silent().values_list("pk", flat=True))
    for batch in Batch.objects.filter(state=Job.State.RUNNING):
        if batch.pk in silent or is_dead(batch.worker):
            with suppress(JobLostError):
                _take_over(batch)
    _remind_the_broker()


def _take_over(batch: Batch) -> None:
    ended = {"ended_at": timezone.now(), "phase": "", "deaths": batch.deaths + 1}
    if batch.cancel_requested:
        touch(batch, state=Job.State.CANCELLED, error=making.STOPPED, **ended)
    elif batch.deaths + 1 >= MOST_DEATHS:
        touch(batch, state=Job.State.FAILED, error=DIED, **ended)
    else:
        again = {"worker": "", "attempt": batch.attempt + 1, "deaths": batch.deaths + 1}
        touch(batch, state=Job.State.WAITING, phase=NEXT, **again)
        batch.attempt += 1
        making.enqueue(batch)


def _remind_the_broker() -> None:
    """Send a waiting row's task again where it seems lost; one that comes twice does no harm.

    While a worker is busy with another batch, waiting is no sign of anything.
    """
    if Batch.objects.filter(state=Job.State.RUNNING).exists():
        return
    before = timezone.now() - WAITING_PATIENCE
    for batch in Batch.objects.filter(state=Job.State.WAITING, heartbeat_at__lt=before):
        same = Batch.objects.filter(pk=batch.pk, heartbeat_at=batch.heartbeat_at)
        if same.update(heartbeat_at=timezone.now()):
            making.enqueue(batch)
