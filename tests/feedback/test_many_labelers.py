"""Fifty people at once: no double claim, nothing lost or doubled, exactly the overlap."""

import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from feedback.models import Annotation, Assignment, Labeler, Project, RankingTask
from feedback.rules.pairs import Ranking
from feedback.services import labeling, projects
from feedback.services.errors import FeedbackError
from tests.feedback.test_labeling import new_task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

PEOPLE, TASKS, OVERLAP = 50, 16, 3
RANKING = Ranking(2, ((1,), (0,)))


def work(labeler: Labeler, seed: int) -> list[str]:
    """Rank until nothing is left, with an unsteady hand; what was answered with a success."""
    chance, stored = random.Random(seed), []
    try:
        while (mine := labeling.claim_next(project=labeler.project, labeler=labeler)) is not None:
            act = chance.random()
            if act < 0.2:
                let_it_run_out(mine)
            if act < 0.3:
                connection.close()
            key = f"{labeler.pk}:{mine.pk}"
            for _ in range(chance.choice([1, 1, 2])):
                stored += send(mine, key)
    finally:
        connection.close()
    return stored


def let_it_run_out(mine: Assignment) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Assignment.objects.filter(pk=mine.pk, state__in=Assignment.CLAIMS).update(expires_at=past)
    labeling.release_expired(project=mine.task.project)


def send(mine: Assignment, key: str) -> list[str]:
    try:
        return [labeling.submit(assignment=mine, key=key, ranking=RANKING).key]
    except FeedbackError:
        return []


def test_fifty_people_fill_every_task_exactly_once_per_slot(
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = projects.create(owner=None, name="Crowd")
    for number in range(TASKS):
        new_task(project, number)
    RankingTask.objects.update(overlap=OVERLAP)
    kind = Labeler.Kind.HUMAN
    people = [
        Labeler.objects.create(project=project, kind=kind, name=f"p{n}") for n in range(PEOPLE)
    ]
    project = Project.objects.get(pk=project.pk)
    with ThreadPoolExecutor(PEOPLE) as pool:
        told = [key for keys in pool.map(work, people, range(PEOPLE)) for key in keys]
    submitted = Assignment.objects.filter(state=Assignment.State.SUBMITTED)
    per_task = Counter(submitted.values_list("task", flat=True))
    assert per_task == dict.fromkeys(project.tasks.values_list("pk", flat=True), OVERLAP)
    stored = list(Annotation.objects.values_list("key", flat=True))
    assert set(told) == set(stored)
    assert len(stored) == len(set(stored)) == TASKS * OVERLAP
    assert Annotation.objects.current().count() == TASKS * OVERLAP
    with capsys.disabled():
        posts, claims = len(told), Assignment.objects.count()
        sys.stdout.write(f"\n{PEOPLE} people: {claims} claims, {posts} posts, {len(stored)} kept\n")
