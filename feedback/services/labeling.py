"""Ranking by people: the next task, drafts, submitting, skipping and undoing.

A slot of a task's overlap is claimed by an INSERT that the database refuses when somebody else
holds it; no lock is needed and none would work on SQLite. A claim that expired gives its slot to
others and keeps its draft, which its writer gets back with the next free slot of that task.
"""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Candidate, Labeler, Project, RankingTask
from feedback.rules.pairs import Ranking, RankingError
from feedback.services.errors import FeedbackError

TRIES = 20
AHEAD = 10
State = Assignment.State


class StaleDraftError(FeedbackError):
    """A newer draft is stored; `draft` and `revision` say which."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__("This was changed in another tab. Its newer version is kept.")
        self.assignment = assignment


class LostClaimError(FeedbackError):
    """The claim expired and others have filled the task; the draft is kept."""


def labeler_of(*, project: Project, user: User) -> Labeler:
    labeler, _ = Labeler.objects.get_or_create(
        project=project,
        user=user,
        defaults={"kind": Labeler.Kind.HUMAN, "name": user.get_username()},
    )
    return labeler


def claim_next(*, project: Project, labeler: Labeler) -> Assignment | None:
    """What the labeler holds already, else a new claim; None when nothing is left for them."""
    release_expired(project=project)
    held = project_assignments(project).filter(labeler=labeler, state__in=Assignment.CLAIMS)
    if (mine := held.order_by("pk").first()) is not None:
        return renewed(mine)
    if (again := unfinished(project, labeler)) is not None:
        return again
    for _ in range(TRIES):
        found = list(open_tasks(project, labeler)[:AHEAD])
        if not found:
            return None
        if (claimed := claim(task=random.choice(found), labeler=labeler)) is not None:
            return claimed
    return None


def unfinished(project: Project, labeler: Labeler) -> Assignment | None:
    """A claim of theirs that ran out with a draft in it and whose task still has a free slot."""
    drafts = project_assignments(project).filter(labeler=labeler, state=State.EXPIRED)
    for expired in drafts.exclude(draft={}).order_by("pk"):
        if (again := claim(task=expired.task, labeler=labeler)) is not None:
            return again
    return None


def project_assignments(project: Project) -> "QuerySet[Assignment]":
    return Assignment.objects.filter(task__project=project)


def release_expired(*, project: Project) -> int:
    """Give back the slots of claims that ran out; their drafts stay."""
    overdue = Assignment.objects.overdue().filter(task__project=project)
    return overdue.update(state=State.EXPIRED, ended_at=timezone.now())


def renewed(assignment: Assignment) -> Assignment:
    """Hold a claim for another while; work that goes on does not expire."""
    expires = timezone.now() + timedelta(minutes=assignment.task.project.claim_minutes)
    Assignment.objects.filter(pk=assignment.pk, state__in=Assignment.CLAIMS).update(
        expires_at=expires
    )
    assignment.expires_at = expires
    return assignment


def open_tasks(project: Project, labeler: Labeler) -> "QuerySet[RankingTask]":
    """Tasks with a free slot that the labeler has not had and did not write a candidate of."""
    holding = Q(assignments__state__in=Assignment.HOLDING)
    taken = Count("assignments", filter=holding, distinct=True)
    had = Assignment.objects.filter(labeler=labeler).exclude(state=State.EXPIRED).values("task")
    wrote = Candidate.objects.filter(author=labeler).values("task")
    tasks = project.tasks.open()
    free = tasks.exclude(pk__in=had).exclude(pk__in=wrote).annotate(taken=taken)
    return free.filter(taken__lt=F("overlap")).order_by("-priority", "-taken", "pk")


def claim(*, task: RankingTask, labeler: Labeler) -> Assignment | None:
    """The lowest free slot of the task, or None where others were faster."""
    taken = set(task.assignments.holding().values_list("slot", flat=True))
    free = [slot for slot in range(task.overlap) if slot not in taken]
    expired = task.assignments.filter(labeler=labeler, state=State.EXPIRED).first()
    for slot in free:
        try:
            with transaction.atomic():
                return retaken(expired, slot) if expired else inserted(task, labeler, slot)
        except IntegrityError:
            continue
    return None


def inserted(task: RankingTask, labeler: Labeler, slot: int) -> Assignment:
    candidates = task.current_set
    return Assignment.objects.create(
        task=task,
        labeler=labeler,
        slot=slot,
        candidate_set=candidates,
        permutation=random.sample(range(candidates.size), candidates.size),
        expires_at=timezone.now() + timedelta(minutes=task.project.claim_minutes),
    )


def retaken(expired: Assignment, slot: int) -> Assignment:
    """A claim that ran out, with its draft, in a slot that is free now."""
    state = State.DRAFT if expired.draft else State.CLAIMED
    expires = timezone.now() + timedelta(minutes=expired.task.project.claim_minutes)
    Assignment.objects.filter(pk=expired.pk, state=State.EXPIRED).update(
        state=state, slot=slot, expires_at=expires, ended_at=None
    )
    expired.refresh_from_db()
    return expired


def held(assignment: Assignment) -> Assignment:
    """The claim, taken again where it ran out. LostClaimError where the task is full by now."""
    assignment.refresh_from_db()
    if assignment.state == State.EXPIRED:
        again = claim(task=assignment.task, labeler=assignment.labeler)
        if again is None:
            raise LostClaimError(
                "Your time for this task ran out and others have ranked it. What you wrote is kept."
            )
        return again
    if assignment.state not in Assignment.CLAIMS:
        raise FeedbackError("This task is done. Take the next one.")
    return assignment


def save_draft(*, assignment: Assignment, draft: Mapping[str, Any], revision: int) -> Assignment:
    """Keep unfinished work. `revision` is the one that the writer began from.

    StaleDraftError where a newer draft is stored, LostClaimError where the claim is gone for good.
    """
    mine = held(assignment)
    expires = timezone.now() + timedelta(minutes=mine.task.project.claim_minutes)
    stored = Assignment.objects.filter(
        pk=mine.pk, draft_revision=revision, state__in=Assignment.CLAIMS
    ).update(draft=dict(draft), draft_revision=revision + 1, state=State.DRAFT, expires_at=expires)
    mine.refresh_from_db()
    if not stored:
        raise StaleDraftError(mine)
    return mine


def submit(
    *, assignment: Assignment, key: str, ranking: Ranking, said: Mapping[str, Any] | None = None
) -> Annotation:
    """Store a ranking as the next revision and end the claim; the same key again changes nothing.

    `ranking` names candidates by their place in the assignment's candidate set. FeedbackError for
    a ranking that breaks a rule and for a claim that is gone.
    """
    known = Annotation.objects.filter(key=key).first()
    if known is not None:
        return the_same(known, assignment)
    checked(ranking, assignment)
    mine = held(assignment)
    try:
        with transaction.atomic():
            end(mine, State.SUBMITTED)
            return revision_of(mine, key, ranking, said or {})
    except IntegrityError:
        return the_same(Annotation.objects.get(key=key), assignment)


def the_same(known: Annotation, assignment: Assignment) -> Annotation:
    if known.assignment_id != assignment.pk:
        raise FeedbackError("This was sent for another task. Reload the page.")
    return known


def checked(ranking: Ranking, assignment: Assignment) -> None:
    if ranking.size != assignment.candidate_set.size:
        raise FeedbackError("This ranking is about another set of answers. Reload the page.")
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
    """Give the task to others, with the reason."""
    end(held(assignment), State.SKIPPED, skip_reason=reason.strip()[:300])


@transaction.atomic
def undo(*, assignment: Assignment, key: str) -> Assignment:
    """Take the last act back: a submitted ranking becomes a draft again, a skipped task a claim.

    The ranking stays in the history; the revision that withdraws it is a new one.
    """
    expires = timezone.now() + timedelta(minutes=assignment.task.project.claim_minutes)
    again = {"ended_at": None, "expires_at": expires}
    submitted = Assignment.objects.filter(pk=assignment.pk, state=State.SUBMITTED)
    if submitted.update(state=State.DRAFT, **again):
        withdraw(assignment, key)
    elif not reopened(assignment, again):
        raise FeedbackError("There is nothing to undo here.")
    assignment.refresh_from_db()
    return assignment


def withdraw(assignment: Assignment, key: str) -> None:
    last = Annotation.objects.filter(assignment=assignment).latest("revision")
    last.pk, last.key, last.revision = None, key, last.revision + 1
    last.withdrawn = True
    last.save(force_insert=True)


def reopened(assignment: Assignment, again: Mapping[str, Any]) -> bool:
    skipped = Assignment.objects.filter(pk=assignment.pk, state=State.SKIPPED)
    try:
        with transaction.atomic():
            return bool(skipped.update(state=State.CLAIMED, skip_reason="", **again))
    except IntegrityError as error:
        raise LostClaimError("Somebody else has taken this task meanwhile.") from error
