"""Unfinished work, kept on the server while somebody ranks."""

from collections.abc import Mapping
from typing import Any

from feedback.models import Assignment
from feedback.services.errors import FeedbackError
from feedback.services.labeling.claims import LostClaimError, State, expiry, held


class StaleDraftError(FeedbackError):
    """A newer draft is stored; `assignment` has it, with its revision."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__("This was changed in another tab. Its newer version is kept.")
        self.assignment = assignment


def save_draft(*, assignment: Assignment, draft: Mapping[str, Any], revision: int) -> Assignment:
    """Keep unfinished work. `revision` is the one that the writer began from.

    StaleDraftError where a newer draft is stored. LostClaimError where the claim is gone for good:
    the draft is stored all the same, for when the task has a free slot again.
    """
    try:
        mine = held(assignment)
    except LostClaimError:
        stored(assignment, draft, revision, states=(State.EXPIRED,))
        raise
    changes = {"state": State.DRAFT, "expires_at": expiry(mine.task.project)}
    if not stored(mine, draft, revision, states=Assignment.CLAIMS, **changes):
        mine.refresh_from_db()
        raise StaleDraftError(mine)
    mine.refresh_from_db()
    return mine


def stored(
    assignment: Assignment,
    draft: Mapping[str, Any],
    revision: int,
    *,
    states: tuple[str, ...],
    **changes: Any,
) -> bool:
    same = Assignment.objects.filter(pk=assignment.pk, draft_revision=revision, state__in=states)
    return bool(same.update(draft=dict(draft), draft_revision=revision + 1, **changes))
