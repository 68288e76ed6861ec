"""Rankings: each place of a task filled once, and all that was said kept."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef

from feedback.models import Annotation, Assignment
from feedback.rules.pairs import RankingError
from llmsite.invariants.invariant import Look, invariant

State = Assignment.State
RELEASED_AFTER = timedelta(seconds=90)


@invariant("nothing lost")
def submitted_places_have_their_ranking(look: Look) -> Iterator[str]:
    """A place that counts as submitted has a ranking that counts."""
    submitted = Assignment.objects.filter(state=State.SUBMITTED)
    look.at(submitted.count())
    said = Annotation.objects.newest().filter(assignment=OuterRef("pk"))
    for pk in submitted.filter(~Exists(said)).values_list("pk", flat=True):
        yield f"claim {pk}: submitted, but no ranking of it counts"


@invariant("nothing lost")
def rankings_that_count_keep_their_place(look: Look) -> Iterator[str]:
    """A ranking that counts holds its labeler's place, so that nobody else is given it."""
    said = Annotation.objects.newest().exclude(assignment=None)
    look.at(said.count())
    lost = said.exclude(assignment__state=State.SUBMITTED).select_related("assignment")
    for annotation in lost:
        yield f"ranking {annotation.key}: its claim is {_state(annotation)}"


def _state(annotation: Annotation) -> str:
    return annotation.assignment.state if annotation.assignment else "gone"


@invariant("nothing lost")
def revisions_of_a_ranking_count_up(look: Look) -> Iterator[str]:
    """What one person said about one task is there from its first revision to its last."""
    groups = Annotation.objects.order_by().values("task", "labeler")
    groups = groups.annotate(n=Count("pk"), low=Min("revision"), high=Max("revision"))
    look.at(len(groups))
    for found in groups:
        if (found["low"], found["high"]) != (1, found["n"]):
            yield f"task {found['task']}, labeler {found['labeler']}: a revision is missing"


@invariant("nothing twice")
def one_labeler_holds_a_place(look: Look) -> Iterator[str]:
    """A place of a task's overlap is held or filled by one labeler, and a labeler by one place."""
    holding = Assignment.objects.holding().order_by()
    look.at(holding.count())
    for found in holding.values("task", "slot").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"task {found['task']}, place {found['slot']}: {found['n']} labelers hold it"
    for each in holding.values("task", "labeler").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"task {each['task']}: labeler {each['labeler']} holds {each['n']} places"


@invariant("nothing twice")
def one_ranking_of_a_labeler_counts(look: Look) -> Iterator[str]:
    """Of what one person said about one task a single revision counts."""
    counts = Annotation.objects.current().order_by().values("task", "labeler")
    found = counts.annotate(n=Count("pk"))
    look.at(len(found))
    for each in found.filter(n__gt=1):
        yield f"task {each['task']}, labeler {each['labeler']}: {each['n']} rankings count"


@invariant("nothing stuck")
def no_claim_outlives_its_time(look: Look) -> Iterator[str]:
    """A task that somebody took and left goes back to the others when its time is over."""
    claims = Assignment.objects.filter(state__in=Assignment.CLAIMS)
    look.at(claims.count())
    before = min(look.noticed_before, look.now - RELEASED_AFTER)
    for claim in claims.filter(expires_at__lt=before):
        yield f"claim {claim.pk}: its time was over at {claim.expires_at:%Y-%m-%d %H:%M}"


@invariant("as it was written")
def rankings_name_every_answer_once(look: Look) -> Iterator[str]:
    """A ranking names each answer that was shown exactly once, and breaks no rule of its kind."""
    said = Annotation.objects.filter(withdrawn=False).select_related("candidate_set", "edit")
    for annotation in said.iterator():
        look.at()
        try:
            annotation.ranking.checked()
        except (RankingError, ValueError) as error:
            yield f"ranking {annotation.key}: {error}"


@invariant("as it was written")
def every_answer_was_shown_once(look: Look) -> Iterator[str]:
    """The order in which a labeler saw the answers names each of them once."""
    for claim in Assignment.objects.select_related("candidate_set").iterator():
        look.at()
        if sorted(claim.permutation) != list(range(claim.candidate_set.size)):
            yield f"claim {claim.pk}: shown as {claim.permutation} of {claim.candidate_set.size}"
