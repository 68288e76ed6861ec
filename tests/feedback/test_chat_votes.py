"""Votes from the chat as annotations: one place, one vote, and what was taken back is not used."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.groups import TRAINER
from accounts.models import User
from feedback.models import Annotation, Candidate, CandidateSource, Project, RankingTask
from feedback.rules.pairs import Ranking, derive
from feedback.services import chat_votes
from feedback.services.chat_votes import Asked, Vote
from feedback.services.errors import FeedbackError
from feedback.services.snapshots.gathering import Judged, judged_tasks
from feedback.services.snapshots.recipe import Recipe
from feedback.services.tasks import NewAnswer

pytestmark = [pytest.mark.django_db, pytest.mark.both]

HELLO = [{"role": "user", "content": "Say hello"}]
FIRST, SECOND, THIRD = (
    NewAnswer(text, {"message": number, "model": "m"})
    for number, text in enumerate(("Hello", "Hi", "Good day"), start=1)
)
FIRST_WINS, SECOND_WINS = Ranking(2, ((0,), (1,))), Ranking(2, ((1,), (0,)))


def vote(
    user: User,
    ranking: Ranking,
    *answers: NewAnswer,
    key: str,
    name: str = "turn:9",
    **more: object,
) -> Annotation:
    asked = Asked(name, more.pop("messages", HELLO))  # type: ignore[arg-type]
    said = Vote(ranking, **more)  # type: ignore[arg-type]
    return chat_votes.cast(user=user, asked=asked, answers=answers, vote=said, key=key)


def counted() -> list[Judged]:
    """What a dataset would be made of."""
    found = judged_tasks(chat_votes.project(), Recipe())
    return [judged for judged in found if judged.annotations]


def test_a_vote_is_an_annotation_of_the_same_kind_and_repeating_the_request_adds_none(
    member: User,
) -> None:
    first = vote(member, FIRST_WINS, FIRST, SECOND, key="k", flags={1: ["toxic"]}, comment="Rude")
    assert vote(member, FIRST_WINS, FIRST, SECOND, key="k") == first
    assert Annotation.objects.count() == 1
    assert (first.source, first.tiers, first.flags) == ("chat", [[0], [1]], {"1": ["toxic"]})
    assert (first.task.messages, first.task.source, first.task.overlap) == (HELLO, "chat", 0)
    sources = CandidateSource.objects.values_list("message", "model")
    assert sorted(sources) == [(1, "m"), (2, "m")]
    [judged] = counted()
    assert judged.texts == ["Hello", "Hi"]


def test_the_newest_vote_counts_and_another_answer_makes_another_version_of_the_set(
    member: User,
) -> None:
    old = vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    new = vote(member, Ranking(3, ((2,), (0, 1)), best_only=True), FIRST, SECOND, THIRD, key="2")
    assert (old.task, new.revision, new.candidate_set.version) == (new.task, 2, 2)
    [judged] = counted()
    [derived] = judged.derived
    assert [(p.chosen, p.rejected) for p in derived.pairs] == [(2, 0), (2, 1)]
    assert derived.ties == ()
    assert Candidate.objects.count() == CandidateSource.objects.count() == 3


def test_thumbs_on_two_answers_do_not_replace_each_other(member: User) -> None:
    down = Ranking(1, ((0,),), unacceptable=frozenset({0}), all_bad=True)
    vote(member, Ranking(1, ((0,),)), FIRST, key="1", name="answer:1")
    vote(member, down, SECOND, key="2", name="answer:2")
    labels = [derive(a.ranking).labels for a in Annotation.objects.current()]
    assert labels == [{0: True}, {0: False}]


def test_what_is_taken_back_is_a_new_revision_and_closes_the_task_until_the_next_vote(
    member: User,
) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    assert chat_votes.take_back(user=member, name="turn:9") == 1
    assert chat_votes.take_back(user=member, name="turn:9") == 0
    assert Annotation.objects.count() == 2
    assert counted() == []
    assert RankingTask.objects.get().withdrawn_at is not None
    vote(member, SECOND_WINS, FIRST, SECOND, key="2")
    assert RankingTask.objects.get().withdrawn_at is None
    [counts] = Annotation.objects.current()
    assert counts.revision == 3


def test_a_task_that_a_manager_withdrew_stays_withdrawn(member: User) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    RankingTask.objects.update(withdrawn_at=timezone.now())
    vote(member, SECOND_WINS, FIRST, SECOND, key="2")
    assert RankingTask.objects.get().withdrawn_at is not None


def test_with_another_prompt_it_is_another_task_and_the_earlier_vote_is_taken_back(
    member: User,
) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    told = [{"role": "system", "content": "Be brief"}, *HELLO]
    vote(member, SECOND_WINS, FIRST, SECOND, key="2", messages=told)
    [counts] = Annotation.objects.current()
    assert counts.task.messages == told
    assert RankingTask.objects.open().count() == 1


def test_votes_follow_what_they_are_about_when_it_is_deleted_brought_back_and_purged(
    member: User,
) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    vote(member, Ranking(1, ((0,),)), THIRD, key="2", name="answer:3")
    chat_votes.take_back(user=member, name="answer:3")
    deleted_at = timezone.now()
    assert chat_votes.close(messages={1, 2, 3}) == 1
    assert counted() == []
    chat_votes.open_again(messages={1, 2, 3}, since=deleted_at)
    assert len(counted()) == 1
    assert RankingTask.objects.open().count() == 1
    chat_votes.erase(messages={2})
    assert not Candidate.objects.exclude(text="Good day").exists()


def test_a_person_sees_their_own_votes_only(member: User, stranger: User) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    [mine] = chat_votes.standing(user=member, messages=[2])
    assert (mine.name, mine.is_about(["Hello", "Hi"])) == ("turn:9", True)
    assert not mine.is_about(["Hello", "Hi", "Good day"])
    assert chat_votes.standing(user=stranger, messages=[1, 2]) == []
    assert chat_votes.has_voted(member)
    assert not chat_votes.has_voted(stranger)
    assert chat_votes.take_back_all(user=stranger, messages=[1, 2]) == 0
    assert chat_votes.take_back_all(user=member, messages=[1, 2]) == 1


def test_trainers_manage_the_votes_and_nobody_is_asked_to_rank_them(
    member: User, stranger: User
) -> None:
    vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    member.groups.add(Group.objects.get_or_create(name=TRAINER)[0])
    trainer = User.objects.get(pk=member.pk)
    project = chat_votes.project()
    assert list(Project.objects.managed_by(trainer)) == [project]
    assert list(Project.objects.managed_by(stranger)) == []
    assert list(Project.objects.labeled_by(trainer)) == []


def test_votes_can_be_switched_off_and_a_wrong_ranking_is_refused(
    member: User, settings: Settings
) -> None:
    with pytest.raises(FeedbackError, match="have changed"):
        vote(member, FIRST_WINS, FIRST, FIRST, key="1")
    with pytest.raises(FeedbackError, match="ranked twice"):
        vote(member, Ranking(2, ((0,), (0, 1))), FIRST, SECOND, key="1")
    settings.CHAT_VOTES = False
    with pytest.raises(FeedbackError, match="switched off"):
        vote(member, FIRST_WINS, FIRST, SECOND, key="1")
    settings.CHAT_VOTES = True
    Project.objects.filter(pk=chat_votes.project().pk).update(archived_at=timezone.now())
    assert not chat_votes.are_on()
    assert not Annotation.objects.exists()
