"""What a person did lately, and how much is left for them."""

from django.utils import timezone

from feedback.models import Assignment, Labeler
from feedback.services.labeling.claims import State

LISTED = 5
ENDED = (State.SUBMITTED, State.SKIPPED)


def last_acts(labeler: Labeler) -> list[Assignment]:
    """What can be taken back, newest first."""
    ended = labeler.assignments.filter(state__in=ENDED, task__withdrawn_at=None)
    return list(ended.select_related("task").order_by("-ended_at", "-pk")[:LISTED])


def ranked_today(labeler: Labeler) -> int:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return labeler.assignments.filter(state=State.SUBMITTED, ended_at__gte=midnight).count()
