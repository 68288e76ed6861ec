"""Voting on answers as a person does it on the page."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models import Column, Comparison, Conversation, Message
from chat.services import branches, conversations
from chat.thread import shown_branch
from feedback.models import Annotation, CandidateSource, Labeler, RankingTask
from feedback.services import chat_votes
from tests.chat.conftest import begin, say

pytestmark = pytest.mark.both

SENT = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}]


@pytest.fixture
def told(member: User) -> Labeler:
    """The member has voted before."""
    return Labeler.objects.create(
        project=chat_votes.project(), user=member, kind="human", name="member"
    )


@pytest.fixture
def siblings(conversation: Conversation) -> list[Message]:
    """Two finished answers to one turn."""
    asked = say(conversation, "user", "Hello")
    return [answered(asked, text) for text in ("Hi", "Good day")]


def answered(asked: Message, text: str, **more: object) -> Message:
    answer = say(asked.conversation, "assistant", text, asked)
    facts = {"state": "done", "finish_reason": "stop", "completion_tokens": 2, "prompt": SENT}
    begin(answer, **(facts | more))
    return answer


def press(page: Client, name: str, answer: Message, **data: object) -> str:
    data.setdefault("key", uuid4().hex)
    response = page.post(reverse(f"chat:{name}", args=[answer.pk]), data)
    assert response.status_code == 200, response.content
    return response.content.decode()


def verdicts(conversation: Conversation) -> list[tuple[str, str]]:
    conversation.refresh_from_db()
    return [
        (s.votes.thumb, s.votes.verdict.kind if s.votes.verdict else "-")
        for s in shown_branch(conversation)
        if s.votes
    ]


def test_before_the_first_vote_the_page_says_what_it_shares_and_stores_nothing(
    page: Client, siblings: list[Message]
) -> None:
    asked_first = press(page, "thumb", siblings[0], vote="up")
    assert "with the trainers and administrators here, under your name" in asked_first
    assert not Annotation.objects.exists()
    assert not Labeler.objects.exists()
    after = press(page, "thumb", siblings[0], vote="up", agreed="yes")
    assert 'aria-pressed="true"' in after
    assert "untold" not in press(page, "thumb", siblings[1], vote="up")
    assert Annotation.objects.current().count() == 2


def test_a_thumb_keeps_the_prompt_that_was_sent_and_what_made_the_answer(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    asked_why = press(page, "thumb", siblings[1], vote="down")
    assert "What is wrong with it?" in asked_why
    press(page, "thumb", siblings[1], vote="down", flags=["toxic", "no flag"], comment="Rude")
    [vote] = Annotation.objects.current()
    assert (vote.all_bad, vote.flags, vote.comment) == (True, {"0": ["toxic"]}, "Rude")
    assert vote.task.messages == SENT
    source = CandidateSource.objects.get()
    assert (source.message, source.model, source.tokens) == (siblings[1].pk, "tiny", 2)
    assert verdicts(conversation) == [("down", "")]
    press(page, "thumb", siblings[1], vote="none")
    assert verdicts(conversation) == [("", "")]
    assert Annotation.objects.count() == 3


def test_which_is_better_is_seen_from_the_answer_in_sight(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    key = "one press"
    press(page, "better", siblings[1], choice="other", key=key)
    press(page, "better", siblings[1], choice="other", key=key)
    [vote] = Annotation.objects.current()
    assert (vote.tiers, vote.revision) == ([[0], [1]], 1)
    press(page, "better", siblings[0], choice="same")
    assert verdicts(conversation) == [("", "same")]
    press(page, "better", siblings[0], choice="bad")
    [vote] = Annotation.objects.current()
    assert (vote.all_bad, vote.candidate_set.version) == (True, 1)


def test_a_new_sibling_asks_anew_and_the_ranking_begins_with_what_was_said(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    press(page, "better", siblings[0], choice="best")
    assert siblings[0].parent is not None
    third = answered(siblings[0].parent, "Hey")
    assert verdicts(conversation) == [("", "")]
    url = reverse("chat:rank", args=[third.pk])
    form = page.get(url)
    assert [row.place for row in form.context["form"].rows] == [1, 2, 0]
    ranked = {"place1": "2", "place2": "1", "place3": "1", "comment": "Third, too"}
    stale = page.post(url, {**ranked, "key": "1", "answers": "an older page"})
    assert stale.status_code == 422
    assert [row.place for row in stale.context["form"].rows] == [2, 1, 1]
    page.post(url, {**ranked, "key": "1", "answers": form.context["answers"]})
    [vote] = Annotation.objects.current()
    assert (vote.tiers, vote.candidate_set.version) == ([[1, 2], [0]], 2)
    assert verdicts(conversation) == [("", "ranked")]


def test_an_answer_that_is_being_written_can_not_be_voted_on(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    assert siblings[0].parent is not None
    live = answered(siblings[0].parent, "", state="running")
    thumbed = page.post(reverse("chat:thumb", args=[live.pk]), {"vote": "up", "key": "k"})
    compared = page.post(reverse("chat:better", args=[live.pk]), {"choice": "best", "key": "k"})
    assert (thumbed.status_code, compared.status_code) == (422, 422)
    assert verdicts(conversation) == []
    branches.select(message=siblings[0])
    assert verdicts(conversation) == [("", "-")]
    assert not Annotation.objects.exists()


def test_answers_with_different_prompts_share_the_turns_that_one_reads(
    page: Client, siblings: list[Message], told: Labeler
) -> None:
    assert siblings[0].parent is not None
    other = [{"role": "user", "content": "Hello"}]
    answered(siblings[0].parent, "Hey", prompt=other)
    url = reverse("chat:rank", args=[siblings[0].pk])
    data = {"place1": "1", "key": "1", "answers": page.get(url).context["answers"]}
    assert page.post(url, data).status_code == 302
    assert RankingTask.objects.get().messages == other


def test_deleting_a_conversation_withdraws_its_votes_and_undoing_brings_them_back(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    press(page, "better", siblings[0], choice="best")
    said = page.post(reverse("chat:delete", args=[conversation.pk]), follow=True)
    assert "Your votes in it count no more" in said.content.decode()
    assert not RankingTask.objects.open().exists()
    page.post(reverse("chat:restore", args=[conversation.pk]))
    assert RankingTask.objects.open().count() == 1
    conversation.refresh_from_db()
    conversations.delete(conversation=conversation)
    long_ago = timezone.now() - conversations.KEEP_DELETED - timedelta(days=1)
    Conversation.objects.update(deleted_at=long_ago)
    conversations.purge_deleted()
    assert not RankingTask.objects.exists()


def test_all_votes_on_a_conversation_are_taken_back_at_once(
    page: Client, conversation: Conversation, siblings: list[Message], told: Labeler
) -> None:
    press(page, "better", siblings[0], choice="best")
    press(page, "thumb", siblings[0], vote="up")
    url = reverse("chat:votes-take-back", args=[conversation.pk])
    assert "Took back 2 votes" in page.post(url, follow=True).content.decode()
    assert "no vote of yours" in page.post(url, follow=True).content.decode()
    assert not Annotation.objects.current().exists()
    branches.delete_branch(message=siblings[1])
    assert RankingTask.objects.count() == 1


def compared(member: User, *texts: str) -> tuple[Comparison, list[Message]]:
    comparison = Comparison.objects.create(
        owner=member, question="Hello", asked_at=timezone.now(), title="Hello"
    )
    found = []
    for place, text in enumerate(texts, start=1):
        conversation = Conversation.objects.create(owner=member)
        Column.objects.create(comparison=comparison, conversation=conversation, place=place)
        prompt = [{"role": "user", "content": f"Hello {place}"}]
        found.append(answered(say(conversation, "user", "Hello"), text, prompt=prompt))
    return comparison, found


def test_the_best_of_three_columns_says_nothing_of_the_others(
    page: Client, member: User, told: Labeler
) -> None:
    comparison, given = compared(member, "Hi", "Good day", "Hey")
    url = reverse("chat:comparison-best", args=[comparison.pk])
    pressed = page.post(url, {"choice": given[1].pk, "key": "1"}).content.decode()
    assert pressed.count('aria-pressed="true"') == 1
    [vote] = Annotation.objects.current()
    assert (vote.tiers, vote.best_only) == ([[1], [0, 2]], True)
    assert vote.task.messages == [{"role": "user", "content": "Hello"}]
    page.post(url, {"choice": "none", "key": "2"})
    assert not Annotation.objects.current().exists()


def test_columns_that_went_apart_are_not_compared(page: Client, member: User) -> None:
    comparison, given = compared(member, "Hi", "Good day")
    for answer in given:
        answered(say(answer.conversation, "user", "And then?", answer), f"So {answer.pk}")
    shown = page.get(reverse("chat:comparison-votes", args=[comparison.pk])).content.decode()
    assert "can&#x27;t be compared" in shown or "can't be compared" in shown
    refused = page.post(
        reverse("chat:comparison-best", args=[comparison.pk]), {"choice": "same", "key": "1"}
    )
    assert refused.status_code == 422


def test_strangers_get_404(
    member: User, stranger: User, conversation: Conversation, siblings: list[Message]
) -> None:
    comparison, _ = compared(member, "Hi", "Good day")
    client = Client()
    client.force_login(stranger)
    of_message = [
        reverse(f"chat:{name}", args=[siblings[0].pk])
        for name in ("votes", "thumb", "better", "rank")
    ]
    of_comparison = [
        reverse(f"chat:comparison-{name}", args=[comparison.pk])
        for name in ("votes", "best", "rank", "votes-take-back")
    ]
    taking_back = reverse("chat:votes-take-back", args=[conversation.pk])
    for url in (*of_message, *of_comparison, taking_back):
        answer = client.get(url) if url.endswith("/votes") else client.post(url, {"vote": "up"})
        assert answer.status_code == 404, url
