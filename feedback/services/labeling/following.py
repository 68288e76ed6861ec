"""The next task of a person: what they hold, what they had begun, else a new one."""

from dataclasses import dataclass

from django.db.models import QuerySet

from feedback.models import Assignment, Labeler, Project
from feedback.services.labeling.choosing import drawn_from, urn_of
from feedback.services.labeling.claims import (
    State,
    reclaimed,
    release_expired,
    renewed,
    with_newest_answers,
)


@dataclass(frozen=True)
class Step:
    """`assignment` is None when nothing is left for them; `left` is as `left_for` says."""

    assignment: Assignment | None
    left: int


def next_step(*, project: Project, labeler: Labeler) -> Step:
    """What the labeler holds already, else a new claim, and how much is left with it."""
    release_expired(project=project)
    mine = held_by(labeler).first() or unfinished(labeler)
    if mine is not None:
        return Step(with_newest_answers(renewed(mine)), left_for(project, labeler))
    urn = urn_of(project, labeler)
    return Step(drawn_from(urn, project, labeler), urn.left)


def claim_next(*, project: Project, labeler: Labeler) -> Assignment | None:
    return next_step(project=project, labeler=labeler).assignment


def left_for(project: Project, labeler: Labeler) -> int:
    """Tasks of every kind that are to come, with those they hold.

    It falls by one whatever kind of task they did, so that nobody can tell a gold task by it.
    """
    return urn_of(project, labeler).left + held_by(labeler).count()


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
