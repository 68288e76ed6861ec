"""What a manager decides or voids: pairs and the overlap follow, and both can be taken back."""

from collections import Counter

import pytest
from django.db.models import QuerySet

from accounts.models import User
from feedback.models import Annotation, Assignment, Labeler, Project, RankingTask
from feedback.rules.pairs import Ranking
from feedback.services import adjudicating, labeling, projects, voiding
from feedback.services.errors import FeedbackError
from feedback.services.snapshots import Recipe, snapshot
from feedback.services.tasks import NewAnswer, add_task

pytestmark = [pytest.mark.django_db, pytest.mark.both]

FIRST, SECOND = Ranking(2, ((0,), (1,))), Ranking(2, ((1,), (0,)))


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Greetings", overlap=2)


@pytest.fixture
def task(project: Project) -> RankingTask:
    return add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id="1",
        messages=[{"role": "user", "content": "Say hello"}],
        answers=[NewAnswer("Hello"), NewAnswer("Hi")],
    )


@pytest.fixture
def people(project: Project, owner: User, member: User, stranger: User) -> list[Labeler]:
    return [labeling.labeler_of(project=project, user=user) for user in (owner, member, stranger)]


def rank(project: Project, labeler: Labeler, ranking: Ranking) -> Annotation:
    claim = labeling.claim_next(project=project, labeler=labeler)
    assert claim is not None
    return labeling.submit(assignment=claim, key=f"{labeler.pk}-{claim.pk}", ranking=ranking)


def pairs(project: Project) -> list[tuple[str, str]]:
    rows = snapshot(project=project, recipe=Recipe()).rows("pairs")
    return [(row["chosen"], row["rejected"]) for row in rows]


def one(annotation: Annotation) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(pk=annotation.pk)


def test_an_adjudicated_task_gives_only_the_decided_pairs(
    project: Project, task: RankingTask, people: list[Labeler], owner: User
) -> None:
    rank(project, people[0], FIRST)
    rank(project, people[1], FIRST)
    assert pairs(project) == [("Hello", "Hi")]
    adjudicating.adjudicate(task=task, by=owner, key="a", ranking=SECOND)
    assert pairs(project) == [("Hi", "Hello")]
    assert snapshot(project=project, recipe=Recipe()).dropped == Counter(
        {"overruled by an adjudication": 2}
    )
    adjudicating.withdraw(task=task, by=owner)
    assert pairs(project) == [("Hello", "Hi")]


def test_the_newest_decision_counts_whoever_made_it_and_a_second_post_is_the_first(
    project: Project, task: RankingTask, owner: User, member: User
) -> None:
    first = adjudicating.adjudicate(task=task, by=owner, key="a", ranking=SECOND)
    assert adjudicating.adjudicate(task=task, by=owner, key="a", ranking=FIRST) == first
    adjudicating.adjudicate(task=task, by=member, key="b", ranking=FIRST)
    found = adjudicating.adjudication_of(task)
    assert found is not None and found.adjudicated_by == member
    assert pairs(project) == [("Hello", "Hi")]


def test_a_decision_must_place_every_answer(task: RankingTask, owner: User) -> None:
    with pytest.raises(FeedbackError, match="Candidate 1 is missing"):
        adjudicating.adjudicate(task=task, by=owner, key="a", ranking=Ranking(2, ((0,),)))
    with pytest.raises(FeedbackError, match="not adjudicated"):
        adjudicating.withdraw(task=task, by=owner)
    assert not Annotation.objects.exists()


def test_a_voided_ranking_gives_no_pairs_and_its_place_to_somebody_else(
    project: Project, task: RankingTask, people: list[Labeler], owner: User
) -> None:
    said = rank(project, people[0], FIRST)
    rank(project, people[1], FIRST)
    assert labeling.claim_next(project=project, labeler=people[2]) is None
    assert voiding.void(annotations=one(said), by=owner, reason="clicked through") == 1
    said.refresh_from_db()
    assert (said.void_reason, said.voided_by) == ("clicked through", owner)
    assert labeling.claim_next(project=project, labeler=people[0]) is None
    rank(project, people[2], SECOND)
    assert pairs(project) == []
    assert task.assignments.holding().count() == 2


def test_what_is_restored_takes_its_place_again_and_never_exceeds_the_overlap(
    project: Project, task: RankingTask, people: list[Labeler], owner: User
) -> None:
    first, second = rank(project, people[0], FIRST), rank(project, people[1], FIRST)
    voiding.void(annotations=one(first), by=owner, reason="too fast")
    assert voiding.restore(annotations=one(first)) == voiding.Restored(1, 0)
    assert first.assignment is not None
    first.assignment.refresh_from_db()
    assert first.assignment.state == Assignment.State.SUBMITTED
    voiding.void(annotations=one(second), by=owner, reason="too fast")
    rank(project, people[2], SECOND)
    assert voiding.restore(annotations=one(second)) == voiding.Restored(0, 1)
    assert task.assignments.holding().count() == 2


def test_a_revision_that_was_replaced_can_not_be_voided_and_keeps_its_slot(
    project: Project, task: RankingTask, people: list[Labeler], owner: User
) -> None:
    old = rank(project, people[0], FIRST)
    assert old.assignment is not None
    labeling.undo(assignment=old.assignment, key="undo")
    rank_again = labeling.claim_next(project=project, labeler=people[0])
    assert rank_again is not None
    labeling.submit(assignment=rank_again, key="again", ranking=SECOND)
    with pytest.raises(FeedbackError, match="nothing to void"):
        found = voiding.standing(project).filter(pk=old.pk)
        voiding.void(annotations=found, by=owner, reason="old")
    assert task.assignments.holding().count() == 1


def test_all_of_a_person_is_voided_in_one_act_and_told_with_the_reason(
    project: Project, task: RankingTask, people: list[Labeler], owner: User
) -> None:
    said = rank(project, people[0], FIRST)
    after = voiding.of_labeler(people[0], since=said.created_at)
    before = voiding.of_labeler(people[0], until=said.created_at)
    with pytest.raises(FeedbackError, match="nothing to void"):
        voiding.void(annotations=before, by=owner, reason="spam")
    with pytest.raises(FeedbackError, match="Say why"):
        voiding.void(annotations=after, by=owner, reason=" ")
    voiding.void(annotations=after, by=owner, reason="spam")
    [act] = voiding.voidings(people[0])
    assert (act["count"], act["void_reason"], act["name"]) == (1, "spam", "owner")
    source = {"project": project.pk, "annotations": [said.pk, 0]}
    assert voiding.voided_since(source) == 1
