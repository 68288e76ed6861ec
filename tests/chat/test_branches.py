"""The tree survives any sequence of acts, from however many tabs."""

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from chat.models import Conversation, Generation, Message
from chat.services import answers, branches
from chat.services.answers import UserTurn
from chat.services.context import ChatError
from chat.thread import shown_branch
from tests.chat.conftest import begin, say, talk

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def no_engine(settings: Settings) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]


def texts(conversation: Conversation) -> list[str]:
    conversation.refresh_from_db()
    return [shown.message.text for shown in shown_branch(conversation)]


def test_an_edited_prompt_is_a_branch_beside_the_first(conversation: Conversation) -> None:
    asked, _, again = talk(conversation, "Hello", "Hi", "More")
    answers.edit(message=again, turn=UserTurn("Less"))
    assert texts(conversation) == ["Hello", "Hi", "Less", ""]
    branches.select(message=again)
    assert texts(conversation) == ["Hello", "Hi", "More"]
    answers.edit(message=asked, turn=UserTurn("Good day"))
    assert texts(conversation) == ["Good day", ""]


def test_an_answer_can_not_be_edited(conversation: Conversation) -> None:
    with pytest.raises(ChatError, match="Regenerate"):
        answers.edit(message=talk(conversation, "Hello", "Hi")[1], turn=UserTurn("Ho"))


def test_deleting_a_branch_opens_its_sibling_else_its_parent(conversation: Conversation) -> None:
    asked, first, _ = talk(conversation, "Hello", "Hi", "More")
    second = say(conversation, "assistant", "Good day", asked)
    assert branches.delete_branch(message=second) == 1
    assert texts(conversation) == ["Hello", "Hi", "More"]
    assert branches.delete_branch(message=first) == 2
    assert texts(conversation) == ["Hello"]
    assert branches.delete_branch(message=asked) == 1
    assert texts(conversation) == []


def test_deleting_another_branch_leaves_the_open_one_open(conversation: Conversation) -> None:
    asked, first = talk(conversation, "Hello", "Hi")
    say(conversation, "assistant", "Good day", asked)
    branches.delete_branch(message=first)
    assert texts(conversation) == ["Hello", "Good day"]


def test_a_fork_holds_the_branch_and_what_made_it_and_leaves_the_rest(
    conversation: Conversation,
) -> None:
    conversation.system_prompt = "Be brief."
    asked, answer, _ = talk(conversation, "Hello", "Hi", "More")
    say(conversation, "assistant", "Good day", asked)
    begin(answer, state="done", finish_reason="stop", completion_tokens=7)
    copy = branches.fork(message=answer)
    assert texts(copy) == ["Hello", "Hi"]
    assert (copy.system_prompt, copy.forked_from_id) == ("Be brief.", answer.pk)
    assert shown_branch(copy)[1].generation.completion_tokens == 7  # type: ignore[union-attr]
    assert Message.objects.filter(conversation=conversation).count() == 4
    assert Generation.objects.count() == 2


def test_a_fork_of_an_answer_being_written_holds_what_stands(conversation: Conversation) -> None:
    answer = talk(conversation, "Hello", "")[1]
    generation = begin(answer)
    generation.chunks.create(start=0, text="A fox")
    copy = branches.fork(message=answer)
    assert texts(copy) == ["Hello", "A fox"]
    assert copy.messages.get(role="assistant").generations.get().state == "stopped"
    assert Generation.objects.get(pk=generation.pk).is_live


def test_growing_a_branch_that_another_tab_deleted_is_refused(conversation: Conversation) -> None:
    asked, answer = talk(conversation, "Hello", "Hi")
    branches.delete_branch(message=asked)
    with pytest.raises(ChatError, match="deleted in another tab"):
        answers.regenerate(answer=answer)


@pytest.mark.parametrize("name", ["editor", "edit", "delete-branch", "fork"])
def test_a_stranger_gets_404(name: str, conversation: Conversation, stranger: User) -> None:
    client = Client()
    client.force_login(stranger)
    asked = talk(conversation, "Hello")[0]
    url = reverse(f"chat:{name}", args=[asked.pk])
    sent = client.get(url) if name == "editor" else client.post(url, {"text": "x"})
    assert sent.status_code == 404
    assert Message.objects.count() == 1


def act(conversation: Conversation, name: str, at: int) -> None:
    """One act as one of several tabs would do it: on any message, not only the open branch's."""
    everything = list(conversation.messages.all())
    message = everything[at % len(everything)] if everything else None
    conversation.refresh_from_db()
    Generation.objects.live().update(state="done")
    if name == "send" or message is None:
        parent = message if message and message.role == "assistant" else None
        answers.send(conversation=conversation, turn=UserTurn(f"say {at}"), parent=parent)
    elif name == "edit" and message.role == "user":
        answers.edit(message=message, turn=UserTurn(f"edit {at}"))
    elif name == "regenerate" and message.role == "assistant":
        answers.regenerate(answer=message)
    elif name == "select":
        branches.select(message=message)
    elif name == "delete":
        branches.delete_branch(message=message)
    elif name == "fork":
        check(branches.fork(message=message))


def check(conversation: Conversation) -> None:
    """What holds of every tree, whatever was done to it."""
    conversation.refresh_from_db()
    held = {m.pk: m for m in conversation.messages.all()}
    assert (conversation.leaf_id is None) == (not held)
    assert conversation.leaf_id is None or conversation.leaf_id in held
    for message in held.values():
        parent = held[message.parent_id] if message.parent_id else None
        assert message.parent_id is None or parent is not None
        assert message.role == ("assistant" if parent and parent.role == "user" else "user")
    path = shown_branch(conversation)
    assert [s.message.parent_id for s in path] == [None, *(s.message.pk for s in path)][: len(path)]


ACTS = st.sampled_from(["send", "edit", "regenerate", "select", "delete", "fork"])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(ACTS, st.integers(0, 40)), max_size=12))
def test_no_sequence_of_acts_corrupts_the_tree(
    member: User, no_engine: None, acts: list[tuple[str, int]]
) -> None:
    conversation = Conversation.objects.create(owner=member)
    for name, at in acts:
        act(conversation, name, at)
        check(conversation)
