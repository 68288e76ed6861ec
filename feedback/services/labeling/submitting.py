"""Storing a ranking as the next revision, once however often it is sent, and skipping."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.models import Annotation, Assignment
from feedback.rules.pairs import Ranking, RankingError
from feedback.services.errors import FeedbackError
from feedback.services.labeling.claims import LostClaimError, State, held
from feedback.services.labeling.drafts import stored
from feedback.services.labeling.editing import stored_edit
from feedback.services.labeling.reading import Edit

CHANGED = "The answers of this task have changed. Reload the page."


def submit(
    *,
    assignment: Assignment,
    key: str,
    ranking: Ranking,
    said: Mapping[str, Any] | None = None,
    edit: Edit | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Annotation:
    """Store a ranking as the next revision and end the claim; the same key again changes nothing.

    `ranking` names candidates by their place in the assignment's candidate set; `draft` is what
    the page shows again after an undo. FeedbackError for a ranking that breaks a rule and for a
    claim that is gone.
    """
    known = Annotation.objects.filter(key=key).first()
    if known is not None:
        return the_same(known, assignment)
    checked(ranking, assignment)
    mine = still_held(assignment, draft)
    fields = {} if draft is None else {"draft": dict(draft)}
    try:
        with transaction.atomic():
            end(mine, State.SUBMITTED, **fields)
            return revision_of(mine, key, ranking, {**(said or {}), **edited(mine, edit)})
    except IntegrityError:
        return the_same(Annotation.objects.get(key=key), assignment)


def still_held(assignment: Assignment, draft: Mapping[str, Any] | None) -> Assignment:
    """The claim; where it is lost, what was sent is kept as its draft."""
    try:
        return held(assignment)
    except LostClaimError:
        if draft is not None:
            stored(assignment, draft, assignment.draft_revision, states=(State.EXPIRED,))
        raise


def edited(assignment: Assignment, edit: Edit | None) -> dict[str, Any]:
    if edit is None:
        return {}
    return {"edit": stored_edit(assignment, edit), "edit_is_better": edit.better}


def the_same(known: Annotation, assignment: Assignment) -> Annotation:
    if known.assignment_id != assignment.pk:
        raise FeedbackError("This was sent for another task. Reload the page.")
    return known


def checked(ranking: Ranking, assignment: Assignment) -> None:
    if ranking.size != assignment.candidate_set.size:
        raise FeedbackError("This ranking is about another set of answers. Reload the page.")
    if assignment.candidate_set_id != assignment.task.current_set.pk:
        raise FeedbackError(CHANGED)
    try:
        ranking.checked()
    except RankingError as error:
        raise FeedbackError(str(error)) from error


def end(assignment: Assignment, state: str, **fields: Any) -> None:
    """Leave the claim for a final state; FeedbackError where it is not held any more."""
    now = timezone.now()
    claims = Assignment.objects.filter(pk=assignment.pk, state__in=Assignment.CLAIMS)
    if not claims.update(state=state, ended_at=now, **fields):
        raise FeedbackError("This task is done. Take the next one.")


def revision_of(
    assignment: Assignment, key: str, ranking: Ranking, said: Mapping[str, Any]
) -> Annotation:
    return Annotation.objects.create(
        key=key,
        task=assignment.task,
        labeler=assignment.labeler,
        assignment=assignment,
        candidate_set=assignment.candidate_set,
        guidelines=assignment.task.project.latest_guidelines,
        repeat=assignment.repeat,
        revision=next_revision(assignment),
        source=Annotation.Source.LABELING,
        tiers=[list(tier) for tier in ranking.tiers],
        unranked=list(ranking.unranked),
        unacceptable=sorted(ranking.unacceptable),
        all_bad=ranking.all_bad,
        **said,
    )


def next_revision(assignment: Assignment) -> int:
    before = Annotation.objects.filter(task=assignment.task, labeler=assignment.labeler)
    return (before.order_by("-revision").values_list("revision", flat=True).first() or 0) + 1


def skip(*, assignment: Assignment, reason: str) -> None:
    """Give the task to others, with the reason. Once is enough: a repeated post changes nothing."""
    assignment.refresh_from_db()
    if assignment.state == State.SKIPPED:
        return
    end(held(assignment), State.SKIPPED, skip_reason=reason.strip()[:300])
