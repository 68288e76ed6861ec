"""Taking back what was submitted or skipped."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from feedback.models import Annotation, Assignment
from feedback.services.errors import FeedbackError
from feedback.services.labeling.claims import (
    LostClaimError,
    State,
    expiry,
    with_newest_answers,
)
from feedback.services.labeling.submitting import next_revision


@transaction.atomic
def undo(*, assignment: Assignment, key: str) -> Assignment:
    """Take the last act back: a submitted ranking becomes a draft again, a skipped task a claim.

    The ranking stays in the history; the revision that withdraws it is a new one. A repeated post
    changes nothing.
    """
    again = {"ended_at": None, "expires_at": expiry(assignment.task.project)}
    submitted = Assignment.objects.filter(pk=assignment.pk, state=State.SUBMITTED)
    if submitted.update(state=State.DRAFT, **again):
        withdraw(assignment, key)
    elif not reopened(assignment, again) and not taken_back(assignment):
        raise FeedbackError("There is nothing to undo here.")
    assignment.refresh_from_db()
    return with_newest_answers(assignment)


def taken_back(assignment: Assignment) -> bool:
    return Assignment.objects.filter(pk=assignment.pk, state__in=Assignment.CLAIMS).exists()


def withdraw(assignment: Assignment, key: str) -> None:
    last = Annotation.objects.filter(assignment=assignment).latest("revision")
    last.pk, last.key, last.revision = None, key, next_revision(assignment)
    last.withdrawn = True
    last.save(force_insert=True)


def reopened(assignment: Assignment, again: Mapping[str, Any]) -> bool:
    skipped = Assignment.objects.filter(pk=assignment.pk, state=State.SKIPPED)
    state = State.DRAFT if assignment.draft else State.CLAIMED
    try:
        with transaction.atomic():
            return bool(skipped.update(state=state, skip_reason="", **again))
    except IntegrityError as error:
        raise LostClaimError("Somebody else has taken this task meanwhile.") from error
