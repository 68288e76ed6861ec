"""The tree of messages as the page shows it."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from chat.models import Conversation
from chat.services import branches
from chat.streaming import producer
from chat.thread import shown_branch
from tests.chat.conftest import REDIS_AWAY, begin, say, talk
from tests.processes import FORM, MESSAGE

pytestmark = pytest.mark.both


def test_siblings_are_counted_and_the_chosen_branch_opens_to_its_newest_leaf(
    conversation: Conversation,
) -> None:
    asked, first, follow_up = talk(conversation, "Hello", "Hi", "And then?")
    second = say(conversation, "assistant", "Good day", asked)
    path = shown_branch(conversation)
    assert [s.message.text for s in path] == ["Hello", "Good day"]
    assert (path[1].number, path[1].count, path[1].previous) == (2, 2, first.pk)
    branches.select(message=first)
    conversation.refresh_from_db()
    assert conversation.leaf_id == follow_up.pk
    assert shown_branch(conversation)[1].next == second.pk


def test_a_long_conversation_costs_no_more_queries_than_a_short_one(
    conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    talk(conversation, *(f"turn {n}" for n in range(60)))
    with django_assert_num_queries(4):
        assert len(shown_branch(conversation)) == 60


def test_a_page_that_shows_the_branch_gets_only_what_is_new(
    page: Client, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_now(generation: object) -> None: ...

    monkeypatch.setattr(producer, "start", not_now)
    hi = talk(conversation, "Hello", "Hi")[1]
    send = reverse("chat:send", args=[conversation.pk])
    grown = page.post(send, FORM | {"text": "More"}, headers={"X-Last-Shown": str(hi.pk)})
    new = [int(key) for key in MESSAGE.findall(grown.content.decode())]
    assert grown["HX-Reswap"] == "beforeend"
    assert [m.text for m in conversation.messages.filter(pk__in=new)] == ["More", ""]
    conversation.messages.get(pk=new[-1]).generations.update(state="done")
    whole = page.post(send, FORM | {"text": "More"}, headers={"X-Last-Shown": str(hi.pk)})
    assert "HX-Reswap" not in whole
    assert len(MESSAGE.findall(whole.content.decode())) == 6


def test_a_message_is_taken_while_redis_is_away_and_only_other_tabs_miss_it(
    page: Client,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    async def not_now(generation: object) -> None: ...

    monkeypatch.setattr(producer, "start", not_now)
    settings.CHANNEL_LAYERS = REDIS_AWAY
    answer = page.post(reverse("chat:send", args=[conversation.pk]), FORM | {"text": "Hello"})
    assert answer.status_code == 200
    assert [m.text for m in conversation.messages.order_by("pk")] == ["Hello", ""]


def test_an_answer_that_was_cut_can_be_continued_and_one_that_ended_can_not(
    conversation: Conversation,
) -> None:
    answer = talk(conversation, "Hello", "Hi")[1]
    generation = begin(answer, state="done", finish_reason="length")
    assert shown_branch(conversation)[1].can_continue
    type(generation).objects.update(finish_reason="stop")
    assert not shown_branch(conversation)[1].can_continue


def test_the_page_shows_what_made_an_answer(page: Client, conversation: Conversation) -> None:
    answer = talk(conversation, "Hello", "Hi")[1]
    begin(
        answer,
        state="done",
        finish_reason="length",
        prompt_tokens=31,
        completion_tokens=11,
        ttft_ms=500.0,
        total_ms=2500.0,
    )
    shown = page.get(reverse("chat:message", args=[answer.pk])).content.decode()
    for fact in ("31 tokens", "11 tokens", "5.0 tokens/s", "500 ms", "cut at max new tokens"):
        assert fact in shown
