"""Asking a reward model which tasks it is least sure of, so that people rank those first."""

from collections.abc import Iterator
from itertools import islice

from django.db.models import QuerySet

from feedback.measures.doubt import doubt
from feedback.models import Project, RankingTask
from feedback.models.task import Candidate
from feedback.services.errors import FeedbackError
from training.models import ModelVersion
from training.services import rewards
from training.services.errors import RunsError
from training.services.runs import scoring
from training.services.runs.scoring import Answer

AT_ONCE = 50


def doubt_tasks(*, project: Project, judge: ModelVersion) -> int:
    """Store the doubt of every open task that nobody has begun; how many there are.

    What was found stays where this ends early; asked again it begins anew.
    """
    tasks, done = waiting(project), 0
    keys = iter(tasks.values_list("pk", flat=True))
    while part := list(islice(keys, AT_ONCE)):
        found = list(RankingTask.objects.filter(pk__in=part))
        try:
            doubted(found, judge)
        except RunsError as error:
            raise FeedbackError(str(error)) from error
        done += RankingTask.objects.bulk_update(found, ["doubt"])
    return done


def waiting(project: Project) -> "QuerySet[RankingTask]":
    return project.tasks.open().filter(gold__isnull=True, assignments=None).order_by("pk")


def doubted(tasks: list[RankingTask], judge: ModelVersion) -> None:
    """Give each task its doubt, from one pass over the answers of all of them."""
    texts = [answers_of(task) for task in tasks]
    asked = (answer for answers in texts for answer in answers)
    give(tasks, texts, scoring.raw_scores(judge, asked))


def by_engine(tasks: list[RankingTask], judge: ModelVersion) -> None:
    """The same where the engine scores. FeedbackError with its sentence."""
    texts = [answers_of(task) for task in tasks]
    try:
        found = rewards.raw_scores(judge, [answer for answers in texts for answer in answers])
    except RunsError as error:
        raise FeedbackError(str(error)) from error
    give(tasks, texts, iter(found))


def give(tasks: list[RankingTask], texts: list[list[Answer]], found: Iterator[float]) -> None:
    for task, answers in zip(tasks, texts, strict=True):
        task.doubt = doubt(list(islice(found, len(answers))))


def answers_of(task: RankingTask) -> list[Answer]:
    said = Candidate.objects.in_bulk(task.current_set.candidates)
    return [(task.messages, said[key].text) for key in task.current_set.candidates]
