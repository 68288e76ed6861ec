"""From a branch to the prompt: what is sent, what is left out, and who is told."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from chat.models import Conversation, Generation, Message
from chat.services import answers, context, fitting
from chat.services.answers import UserTurn
from chat.services.context import ChatError
from llmkit.types import ChatMessage
from tests.chat.conftest import say, talk
from tests.running_site import RunningSite
from tests.tiny_model import TINY_CONTEXT, TINY_MODEL

SHORT = {"max_tokens": 16, "temperature": 0}


@pytest.fixture
def tiny(engine: RunningSite, settings: Settings, conversation: Conversation) -> Conversation:
    """A conversation with the tiny model, whose window is TINY_CONTEXT tokens."""
    settings.ENGINE_URLS = [engine.engine_url]
    conversation.model, conversation.settings = TINY_MODEL, SHORT
    conversation.save()
    async_to_sync(fitting.count)(TINY_MODEL, [ChatMessage("user", "Wait for the model")])
    return conversation


def ask(conversation: Conversation, text: str) -> Generation:
    turn = UserTurn(text)
    answer = answers.send(conversation=conversation, turn=turn, parent=conversation.leaf)
    return answer.generations.get()


def test_the_prompt_is_the_system_prompt_and_the_branch(tiny: Conversation) -> None:
    tiny.system_prompt = "Be brief."
    talk(tiny, "Hello", "Hi")
    generation = ask(tiny, "Who?")
    assert [(m["role"], m["content"]) for m in generation.prompt] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("user", "Who?"),
    ]
    assert generation.dropped == [] and generation.fitted


def test_what_surely_fits_is_sent_without_a_count_and_its_tokens_are_told_by_the_engine(
    tiny: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        raise AssertionError("counted")

    monkeypatch.setattr(fitting, "count", never)
    assert ask(tiny, "Who?").prompt_tokens is None, "until the answer has ended"
    with pytest.raises(AssertionError, match="counted"):
        answers.send(conversation=tiny, turn=UserTurn("x" * (TINY_CONTEXT - 99)), parent=None)


def test_the_oldest_rounds_go_when_the_window_is_full(tiny: Conversation) -> None:
    said = talk(tiny, *(f"{n:02}" + "x" * 70 for n in range(12)))
    generation = ask(tiny, "And now?")
    kept = [m["content"] for m in generation.prompt]
    assert generation.dropped == [m.pk for m in said[: len(generation.dropped)]]
    assert len(generation.dropped) % 2 == 0 and generation.dropped
    assert kept == [m.text for m in said[len(generation.dropped) :]] + ["And now?"]
    assert generation.prompt_tokens is not None
    assert generation.prompt_tokens + SHORT["max_tokens"] <= TINY_CONTEXT


def test_no_more_is_dropped_than_needed(tiny: Conversation) -> None:
    said = talk(tiny, *(f"{n:02}" + "x" * 70 for n in range(12)))
    generation = ask(tiny, "And now?")
    turns = context.turns_of([*said, Message(role="user", text="And now?")])
    one_more = fitting.rounds(turns)[len(generation.dropped) // 2 - 1 :]
    counted = async_to_sync(fitting.count)(TINY_MODEL, fitting.flatten("", one_more))
    assert counted[0] + SHORT["max_tokens"] > TINY_CONTEXT


def test_what_is_left_out_next_is_sought_where_it_ended_last(
    tiny: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = talk(tiny, *(f"{n:02}" + "x" * 70 for n in range(12)))
    first = ask(tiny, "And now?")
    count, counts = fitting.count, []

    async def counted(*args: Any, **more: Any) -> Any:
        counts.append(await count(*args, **more))
        return counts[-1]

    monkeypatch.setattr(fitting, "count", counted)
    tiny.leaf = said[-1]
    assert ask(tiny, "Or now? " * 2).dropped[: len(first.dropped)] == first.dropped
    fits = sorted(found[0] + SHORT["max_tokens"] <= TINY_CONTEXT for found in counts)
    assert fits == [False, True], "one fewer was looked at, and does not fit"


def test_a_wider_window_leaves_nothing_out_again(tiny: Conversation) -> None:
    said = talk(tiny, *(f"{n:02}" + "x" * 20 for n in range(8)))
    tiny.settings = {"max_tokens": TINY_CONTEXT // 2, "temperature": 0}
    assert ask(tiny, "And now?").dropped
    tiny.settings, tiny.leaf = SHORT, said[-1]
    assert ask(tiny, "And now?").dropped == []


def test_a_message_longer_than_the_window_is_refused_and_changes_nothing(
    tiny: Conversation,
) -> None:
    with pytest.raises(ChatError, match="Shorten it"):
        ask(tiny, "x" * (TINY_CONTEXT + 1))
    assert not Message.objects.exists()


def test_an_empty_message_is_refused(tiny: Conversation) -> None:
    with pytest.raises(ChatError, match="Write a message"):
        ask(tiny, "  \n ")


def test_without_an_engine_the_message_is_kept_and_fitted_later(
    conversation: Conversation, settings: Settings
) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]
    generation = ask(conversation, "Hello")
    assert not generation.fitted
    assert generation.state == "queued"


def test_a_template_turn_stands_alone_unless_it_asks_for_the_conversation(
    tiny: Conversation,
) -> None:
    talk(tiny, "Hello", "Hi")
    parts = [{"role": "user", "content": "Classify: good"}]
    for alone, count in ((True, 1), (False, 3)):
        turn = UserTurn("good", parts, template_use={"alone": alone})
        answer = answers.send(conversation=tiny, turn=turn, parent=tiny.leaf)
        assert len(answer.generations.get().prompt) == count
        tiny.leaf = answer.parent.parent if answer.parent else None


def test_the_settings_that_made_an_answer_hold_the_seed_that_was_drawn(
    tiny: Conversation,
) -> None:
    assert ask(tiny, "Hello").settings["seed"] is not None


def test_regenerating_makes_a_sibling_of_the_same_turn(tiny: Conversation) -> None:
    asked, answer = talk(tiny, "Hello", "Hi")
    sibling = answers.regenerate(answer=answer)
    assert sibling.parent_id == asked.pk
    tiny.refresh_from_db()
    assert tiny.leaf_id == sibling.pk
    assert [m["content"] for m in sibling.generations.get().prompt] == ["Hello"]


def test_continuing_sends_the_answer_so_far_and_writes_behind_it(tiny: Conversation) -> None:
    answer = talk(tiny, "Hello", "Once upon")[1]
    answers.continue_answer(answer=answer)
    generation = answer.generations.get()
    assert generation.start == len("Once upon")
    assert generation.prompt[-1] == {"role": "assistant", "content": "Once upon"}


def test_an_answer_being_written_can_not_be_continued_at_the_same_time(
    tiny: Conversation,
) -> None:
    answer = talk(tiny, "Hello", "Once upon")[1]
    answers.continue_answer(answer=answer)
    with pytest.raises(ChatError, match="being written already"):
        answers.continue_answer(answer=answer)


def test_an_answer_that_failed_before_its_first_word_is_left_out(tiny: Conversation) -> None:
    talk(tiny, "Hello", "")
    assert [m["content"] for m in ask(tiny, "Again").prompt] == ["Hello", "Again"]


def test_a_conversation_that_begins_with_its_first_message_takes_its_title(
    tiny: Conversation,
) -> None:
    fresh = Conversation(owner=tiny.owner, model=TINY_MODEL, settings=SHORT)
    ask(fresh, "Tell me about foxes")
    assert Conversation.objects.get(pk=fresh.pk).title == "Tell me about foxes"


def test_one_system_message_is_sent_where_template_and_conversation_both_have_one() -> None:
    turn = context.as_turn(
        Message(
            role="user",
            contribution=[
                {"role": "system", "content": "Classify."},
                {"role": "user", "content": "good"},
            ],
        )
    )
    sent = fitting.flatten("Be brief.", [[turn]])
    assert [(m.role, m.content) for m in sent] == [
        ("system", "Be brief.\n\nClassify."),
        ("user", "good"),
    ]


def test_saying_is_not_lost_between_tabs(tiny: Conversation) -> None:
    asked = say(tiny, "user", "Hello")
    answers.send(conversation=tiny, turn=UserTurn("From one tab"), parent=asked)
    answers.send(conversation=tiny, turn=UserTurn("From another"), parent=asked)
    texts = set(Message.objects.filter(parent=asked).values_list("text", flat=True))
    assert texts == {"From one tab", "From another"}
