"""What the workers do for this room. The rows, not these messages, are the truth."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from lifecycle.models import Rehearsal
from lifecycle.services import going_on, making
from training.models import Job

QUIET = timedelta(seconds=20)


@shared_task
def advance_rehearsal(rehearsal_id: str) -> None:
    """As far as it goes without waiting; then it is told of again."""
    rehearsal = Rehearsal.objects.filter(pk=rehearsal_id, worker="").first()
    if rehearsal is None:
        return
    while going_on.advance(rehearsal):
        pass
    if rehearsal.state in Job.LIVE:
        making.enqueue(rehearsal, seconds=making.PAUSE_SECONDS)


@shared_task
def look_after_rehearsals() -> None:
    """Every minute: those whose message was lost, and those that a dead shell has left."""
    for rehearsal in going_on.look_after():
        if timezone.now() - rehearsal.heartbeat_at > QUIET:
            making.enqueue(rehearsal)
