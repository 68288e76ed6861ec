"""Deciding a task that people disagree about: a manager's ranking then stands for all of them."""

from django.db import IntegrityError, transaction

from accounts.models import User
from feedback.models import Annotation, Labeler, Project, RankingTask
from feedback.rules.pairs import Ranking, RankingError
from feedback.services.errors import FeedbackError


def adjudication_of(task: RankingTask) -> Annotation | None:
    """The one that counts now."""
    return Annotation.objects.filter(task=task).adjudications().current().first()


def adjudicate(
    *, task: RankingTask, by: User, key: str, ranking: Ranking, comment: str = ""
) -> Annotation:
    """Store a decision as the task's next adjudication; the same key again changes nothing.

    What people said stays as it is. FeedbackError for a ranking that breaks a rule.
    """
    check(task, ranking)
    known = Annotation.objects.filter(key=key, task=task).first()
    return known or stored(task, by, key, ranking, comment)


def check(task: RankingTask, ranking: Ranking) -> None:
    if ranking.size != task.current_set.size:
        raise FeedbackError("The answers of this task have changed. Reload the page.")
    try:
        ranking.checked()
    except RankingError as error:
        raise FeedbackError(str(error)) from error


def stored(task: RankingTask, by: User, key: str, ranking: Ranking, comment: str) -> Annotation:
    adjudicator = adjudicator_of(task.project)
    try:
        with transaction.atomic():
            return Annotation.objects.create(
                key=key,
                task=task,
                labeler=adjudicator,
                candidate_set=task.current_set,
                revision=next_revision(task, adjudicator),
                source=Annotation.Source.ADJUDICATION,
                tiers=[list(tier) for tier in ranking.tiers],
                unranked=list(ranking.unranked),
                unacceptable=sorted(ranking.unacceptable),
                all_bad=ranking.all_bad,
                comment=comment,
                adjudicated_by=by,
            )
    except IntegrityError as error:
        raise FeedbackError("Somebody else decided this task just now. Reload the page.") from error


def adjudicator_of(project: Project) -> Labeler:
    labeler, _ = Labeler.objects.get_or_create(
        project=project, kind=Labeler.Kind.ADJUDICATOR, user=None, name="Adjudication"
    )
    return labeler


def next_revision(task: RankingTask, labeler: Labeler) -> int:
    before = Annotation.objects.filter(task=task, labeler=labeler).order_by("-revision")
    return (before.values_list("revision", flat=True).first() or 0) + 1


@transaction.atomic
def withdraw(*, task: RankingTask, by: User) -> Annotation:
    """Let what people said count again; the decision stays in the history."""
    last = adjudication_of(task)
    if last is None:
        raise FeedbackError("This task is not adjudicated.")
    last.pk, last.revision = None, last.revision + 1
    last.key = f"withdrawn:{task.pk}:{last.labeler_id}:{last.revision}"
    last.withdrawn, last.adjudicated_by = True, by
    last.save(force_insert=True)
    return last
