"""The next task of a person: what they hold, what they had begun, else a new one."""

from django.db.models import QuerySet

from feedback.models import Assignment, Labeler, Project
from feedback.services.labeling.choosing import chosen
from feedback.services.labeling.claims import (
    State,
    reclaimed,
    release_expired,
    renewed,
    with_newest_answers,
)


def claim_next(*, project: Project, labeler: Labeler) -> Assignment | None:
    """What the labeler holds already, else a new claim; None when nothing is left for them."""
    release_expired(project=project)
    mine = held_by(labeler).first() or unfinished(labeler)
    if mine is not None:
        return with_newest_answers(renewed(mine))
    return chosen(project, labeler)


def held_by(labeler: Labeler) -> "QuerySet[Assignment]":
    """Their claims, oldest first: what an undo took back comes before what followed it."""
    claims = labeler.assignments.filter(state__in=Assignment.CLAIMS, task__withdrawn_at=None)
    return claims.select_related("task__project").order_by("pk")


def unfinished(labeler: Labeler) -> Assignment | None:
    """A claim of theirs that ran out with a draft in it and whose task still has a free slot."""
    drafts = labeler.assignments.filter(state=State.EXPIRED).exclude(draft={})
    for expired in drafts.select_related("task__project").order_by("pk"):
        if (again := reclaimed(expired)) is not None:
            return again
    return None
