"""What the leaderboard reads: of numbers that are alike the newest, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import TRAINER
from accounts.models import User
from evaluation.models import EvaluationRun, Score, System
from evaluation.run.measured import Measured
from evaluation.services import scores

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def done_run(owner: User, subject: str = "a", *, days_ago: int = 0, **fields: Any) -> EvaluationRun:
    system, _ = System.objects.get_or_create(name=subject, defaults={"owner": owner})
    given: dict[str, Any] = {"convention": "0-shot", "matter": "benchmark:cola@1", **fields}
    return EvaluationRun.objects.create(
        owner=owner,
        name="a run",
        system=system,
        subject=f"system:{system.pk}",
        state=fields.pop("state", EvaluationRun.State.DONE),
        ended_at=timezone.now() - timedelta(days=days_ago),
        **{name: value for name, value in given.items() if name != "state"},
    )


def scored(run: EvaluationRun, value: float, measure: str = "mcc") -> None:
    number = Measured("cola", measure, value, n=10, signature=f"{measure}|v1")
    scores.record(run=run, measured=[number])


def values() -> list[float]:
    return sorted(Score.objects.newest().values_list("value", flat=True))


def test_of_numbers_that_are_alike_the_newest_stands(owner: User) -> None:
    scored(done_run(owner, days_ago=2), 0.1)
    scored(done_run(owner, days_ago=1), 0.2)
    scored(done_run(owner, "b", days_ago=3), 0.3)
    scored(done_run(owner, convention="2-shot", days_ago=3), 0.4)
    scored(done_run(owner, days_ago=0, state=EvaluationRun.State.FAILED), 0.9)
    assert values() == [0.2, 0.3, 0.4]


def test_what_a_person_may_not_see_does_not_hide_what_they_may(owner: User, member: User) -> None:
    member.groups.add(Group.objects.get_or_create(name=TRAINER)[0])
    scored(done_run(owner, days_ago=1, shared=True), 0.1)
    scored(done_run(owner, days_ago=0), 0.2)
    seen = Score.objects.seen_by(member).newest().values_list("value", flat=True)
    assert list(seen) == [0.1]


def test_scores_of_a_run_are_replaced_as_one(owner: User) -> None:
    run = done_run(owner)
    scored(run, 0.1)
    twice = [Measured("cola", "acc", 0.5, n=1, signature="s")] * 2
    with pytest.raises(IntegrityError), transaction.atomic():
        scores.record(run=run, measured=twice)
    assert values() == [0.1]


def test_a_run_has_exactly_one_subject(owner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EvaluationRun.objects.create(name="none", subject="x", matter="m", convention="c")
