"""Holding a task for a while: slots, claims that run out, and taking them again."""

import random
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from feedback.models import Assignment, CandidateSet, Labeler, Project, RankingTask
from feedback.services.errors import FeedbackError

State = Assignment.State


class LostClaimError(FeedbackError):
    """The claim expired and others have filled the task; the draft is kept."""


def expiry(project: Project) -> datetime:
    return timezone.now() + timedelta(minutes=project.claim_minutes)


def release_expired(*, project: Project) -> int:
    """Give back the slots of claims that ran out; their drafts stay.

    Two steps, for an UPDATE through a join does not look at its rows again on PostgreSQL: one that
    was submitted while it waited would lose its slot all the same.
    """
    overdue = Assignment.objects.overdue()
    found = list(overdue.filter(task__project=project).values_list("pk", flat=True))
    return overdue.filter(pk__in=found).update(state=State.EXPIRED, ended_at=timezone.now())


def release_all_expired() -> int:
    """The same for every project: nobody may come to a task for whom it would be released."""
    past = Project.objects.filter(tasks__assignments__in=Assignment.objects.overdue())
    return sum(release_expired(project=project) for project in past.distinct())


def renewed(assignment: Assignment) -> Assignment:
    """Hold a claim for another while; work that goes on does not expire."""
    expires = expiry(assignment.task.project)
    Assignment.objects.filter(pk=assignment.pk, state__in=Assignment.CLAIMS).update(
        expires_at=expires
    )
    assignment.expires_at = expires
    return assignment


def claim(*, task: RankingTask, labeler: Labeler, uniform: bool = True) -> Assignment | None:
    """The lowest free slot of the task, or None where others were faster.

    `uniform` says how the task was chosen; one that others hold was chosen as they got it.
    """
    holding = list(task.assignments.holding().values_list("slot", "chosen_uniformly"))
    taken = {slot for slot, _ in holding}
    uniform = holding[0][1] if holding else uniform
    expired = task.assignments.filter(labeler=labeler, state=State.EXPIRED, repeat=False).first()
    for slot in sorted(set(range(task.overlap)) - taken):
        try:
            with transaction.atomic():
                if expired:
                    return retaken(expired, slot, uniform)
                return inserted(task, labeler, slot=slot, chosen_uniformly=uniform)
        except IntegrityError:
            continue
    return None


def beside(*, task: RankingTask, labeler: Labeler, repeat: bool) -> Assignment | None:
    """A gold task or a repeat, which takes no place of the overlap; None where they have it."""
    try:
        with transaction.atomic():
            return inserted(task, labeler, slot=None, chosen_uniformly=False, repeat=repeat)
    except IntegrityError:
        return None


def inserted(task: RankingTask, labeler: Labeler, **fields: object) -> Assignment:
    candidates = task.current_set
    return Assignment.objects.create(
        task=task,
        labeler=labeler,
        candidate_set=candidates,
        permutation=shuffled(candidates),
        expires_at=expiry(task.project),
        **fields,
    )


def shuffled(candidates: CandidateSet) -> list[int]:
    return random.sample(range(candidates.size), candidates.size)


def retaken(expired: Assignment, slot: int | None, uniform: bool) -> Assignment:
    """A claim that ran out, with its draft, in a slot that is free now."""
    state = State.DRAFT if expired.draft else State.CLAIMED
    Assignment.objects.filter(pk=expired.pk, state=State.EXPIRED).update(
        state=state,
        slot=slot,
        chosen_uniformly=uniform,
        expires_at=expiry(expired.task.project),
        ended_at=None,
    )
    expired.refresh_from_db()
    return expired


def reclaimed(expired: Assignment) -> Assignment | None:
    """A claim that ran out, held again; None where the task is full or withdrawn by now."""
    if expired.task.withdrawn_at is not None:
        return None
    if expired.slot is None:
        return retaken(expired, None, expired.chosen_uniformly)
    return claim(task=expired.task, labeler=expired.labeler, uniform=expired.chosen_uniformly)


def held(assignment: Assignment) -> Assignment:
    """The claim, taken again where it ran out. LostClaimError where the task is full by now."""
    assignment.refresh_from_db()
    if assignment.state == State.EXPIRED:
        again = reclaimed(assignment)
        if again is None:
            raise LostClaimError(
                "Your time for this task ran out and others have ranked it. What you wrote is kept."
            )
        return again
    if assignment.state not in Assignment.CLAIMS:
        raise FeedbackError("This task is done. Take the next one.")
    return assignment


def with_newest_answers(assignment: Assignment) -> Assignment:
    """A claim whose task got another set of answers begins anew on that set; the comment stays."""
    newest = assignment.task.current_set
    if assignment.candidate_set_id == newest.pk:
        return assignment
    Assignment.objects.filter(pk=assignment.pk, state__in=Assignment.CLAIMS).update(
        candidate_set=newest,
        permutation=shuffled(newest),
        draft={"comment": assignment.draft.get("comment", "")},
        draft_revision=F("draft_revision") + 1,
    )
    assignment.refresh_from_db()
    return assignment
