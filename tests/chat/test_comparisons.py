"""Comparisons: columns that are asked at once, fail by themselves, and can be kept."""

import asyncio
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from chat.columns import shown_comparison
from chat.models import Column, Comparison, Conversation, Document, Generation, Message
from chat.services import asking, comparisons, context, counting
from chat.services.comparisons import Setup, columns_of
from chat.services.context import ChatError
from chat.services.fitting import Fit
from chat.services.prompt_templates import create_template
from chat.streaming import store
from llmkit.types import GenerationSettings
from tests.chat.conftest import say, talk

SPEC = {
    "instruction": "Say what sound it makes.",
    "fields": [{"name": "animal", "label": "Animal"}],
    "input_format": "Animal: {animal}",
    "output_label": "Sound:",
    "examples": [{"inputs": {"animal": "cow"}, "output": "moo"}],
    "shots": {"count": 0},
}
GREEDY = Setup(settings=GenerationSettings(temperature=0))


@pytest.fixture(autouse=True)
def _no_engine(settings: Settings) -> None:
    """Answers are begun and wait; these tests write them by hand."""
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]


@pytest.fixture
def comparison(member: User) -> Comparison:
    return comparisons.start(owner=member, setups=[Setup(), GREEDY])


def answer_all(comparison: Comparison, text: str = "They sleep.") -> None:
    for column in columns_of(comparison):
        generation = newest(column)
        store.append(generation, len(generation.message.text), text)
        store.finish(generation.pk, "done")


def newest(column: Column) -> Generation:
    leaf = column.conversation.leaf
    assert leaf is not None
    return leaf.generations.latest("created_at")


def texts(column: Column) -> list[str]:
    column = Column.objects.get(pk=column.pk)
    path = []
    step = column.conversation.leaf
    while step is not None:
        path.append(step.text)
        step = step.parent
    return path[::-1]


def test_a_question_goes_to_every_column_with_one_seed(comparison: Comparison) -> None:
    asking.ask(comparison=comparison, text="What do foxes do?")
    made = [newest(column) for column in columns_of(comparison)]
    assert [g.message.parent.text for g in made if g.message.parent] == ["What do foxes do?"] * 2
    assert [g.settings["temperature"] for g in made] == [0.3, 0]
    assert len({g.settings["seed"] for g in made}) == 1
    assert comparison.title == "What do foxes do?"


def test_columns_are_counted_side_by_side(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = asyncio.Barrier(2)

    async def counted(conversation: Conversation, turns: Any, **more: Any) -> Fit:
        await everyone.wait()
        return Fit("any", [], tokens=5)

    monkeypatch.setattr(context, "fit_branch", counted)
    asking.ask(comparison=comparison, text="What do foxes do?")
    assert [newest(column).prompt_tokens for column in columns_of(comparison)] == [5, 5]


def test_a_seed_of_its_own_stays(member: User) -> None:
    own = Setup(settings=GenerationSettings(seed=7))
    found = comparisons.start(owner=member, setups=[Setup(), own])
    asking.ask(comparison=found, text="Foxes?")
    assert newest(columns_of(found)[1]).settings["seed"] == 7
    assert newest(columns_of(found)[0]).settings["seed"] != 7
    assert asking.shared_seed(columns_of(found)) is None


def test_a_follow_up_continues_each_column_from_its_own_answer(comparison: Comparison) -> None:
    asking.ask(comparison=comparison, text="Foxes?")
    answer_all(comparison)
    asking.ask(comparison=comparison, text="And wolves?")
    for column in columns_of(comparison):
        assert texts(column) == ["Foxes?", "They sleep.", "And wolves?", ""]
    assert Comparison.objects.get().title == "Foxes?"


def test_nothing_is_asked_while_an_answer_is_being_written(comparison: Comparison) -> None:
    asking.ask(comparison=comparison, text="Foxes?")
    with pytest.raises(ChatError, match="still being written"):
        asking.ask(comparison=comparison, text="And wolves?")
    assert Message.objects.filter(text="And wolves?").count() == 0


def test_one_column_that_cannot_be_asked_says_so_and_disturbs_no_other(
    member: User, comparison: Comparison
) -> None:
    version = create_template(owner=member, name="Sounds", spec=SPEC).latest
    bad = columns_of(comparison)[0]
    comparisons.change(column=bad, setup=Setup(template_version=version, use={"count": 5}))
    asking.ask(comparison=comparison, text="dog")
    first, second = columns_of(comparison)
    assert first.error.startswith("This template has 1 example")
    assert second.error == ""
    assert texts(first) == [] and texts(second) == ["dog", ""]


def test_where_no_column_can_be_asked_nothing_changes(comparison: Comparison) -> None:
    with pytest.raises(ChatError, match="Write a question"):
        asking.ask(comparison=comparison, text="  \n")
    assert not Message.objects.exists() and Comparison.objects.get().asked_at is None


def test_asking_again_writes_beside_the_answer_and_uses_the_setup_of_now(
    member: User, comparison: Comparison
) -> None:
    asking.ask(comparison=comparison, text="dog")
    answer_all(comparison)
    version = create_template(owner=member, name="Sounds", spec=SPEC).latest
    changed, same = columns_of(comparison)
    comparisons.change(column=changed, setup=Setup(template_version=version, use={"count": 1}))
    asking.ask_again(comparison=comparison)
    changed, same = columns_of(comparison)
    assert newest(same).message.parent == Message.objects.get(
        conversation=same.conversation, role="user"
    )
    contents = [part["content"] for part in newest(changed).prompt]
    assert contents == ["Say what sound it makes.", "Animal: cow", "moo", "Animal: dog"]


def test_columns_begin_with_the_branch_and_show_it_once(
    member: User, conversation: Conversation
) -> None:
    said = talk(conversation, "Tell me about foxes", "They sleep.", "When?", "At noon.")
    found = comparisons.start(owner=member, setups=[Setup(), GREEDY], origin=said[1])
    asking.ask(comparison=found, text="Why?")
    shown = shown_comparison(found, [])
    assert [m.text for m in shown.context] == ["Tell me about foxes", "They sleep."]
    for column in shown.columns:
        assert texts(column.column) == ["Tell me about foxes", "They sleep.", "Why?", ""]
        assert [s.message.role for s in column.thread] == ["assistant"]
    added = comparisons.add_column(comparison=found)
    assert texts(added) == ["Tell me about foxes", "They sleep."]


def test_headings_say_what_differs_and_one_line_says_the_rest(comparison: Comparison) -> None:
    shown = shown_comparison(comparison, ["tiny"])
    assert [c.name for c in shown.columns] == ["Temperature 0.3 · top-k 50 · top-p 0.9", "Greedy"]
    assert shown.shared == ["tiny", "no template", "up to 512 tokens"]
    assert not shown.is_same
    comparisons.change(column=columns_of(comparison)[0], setup=GREEDY)
    shown = shown_comparison(comparison, ["tiny"])
    assert [c.name for c in shown.columns] == ["Column 1", "Column 2"] and shown.is_same


def test_a_changed_setup_is_told_until_the_column_is_asked_again(comparison: Comparison) -> None:
    asking.ask(comparison=comparison, text="Foxes?")
    answer_all(comparison)
    assert not any(c.is_stale for c in shown_comparison(comparison, []).columns)
    first = columns_of(comparison)[0]
    comparisons.change(column=first, setup=Setup(settings=GenerationSettings(top_k=3)))
    assert [c.is_stale for c in shown_comparison(comparison, []).columns] == [True, False]
    asking.ask_column(column=columns_of(comparison)[0])
    assert not any(c.is_stale for c in shown_comparison(comparison, []).columns)
    assert len({newest(c).settings["seed"] for c in columns_of(comparison)}) == 1


def test_a_comparison_has_two_to_four_columns(comparison: Comparison) -> None:
    with pytest.raises(ChatError, match="at least 2"):
        comparisons.remove_column(column=columns_of(comparison)[0])
    third = comparisons.add_column(comparison=comparison)
    comparisons.add_column(comparison=comparison)
    with pytest.raises(ChatError, match="at most 4"):
        comparisons.add_column(comparison=comparison)
    comparisons.remove_column(column=third)
    assert [c.place for c in columns_of(comparison)] == [1, 2, 4]
    comparisons.restore_column(column=Column.objects.get(pk=third.pk))
    assert [c.place for c in columns_of(comparison)] == [1, 2, 3, 4]


def test_a_kept_answer_goes_on_by_itself_and_the_comparison_stays(
    member: User, comparison: Comparison
) -> None:
    asking.ask(comparison=comparison, text="Foxes?")
    column = columns_of(comparison)[0]
    with pytest.raises(ChatError, match="still being written"):
        comparisons.keep(column=column)
    answer_all(comparison)
    kept = comparisons.keep(column=columns_of(comparison)[0])
    assert [m.text for m in kept.messages.all()] == ["Foxes?", "They sleep."]
    assert kept.title == "Foxes?"
    assert list(Conversation.objects.owned_by(member).listed()) == [kept]
    assert comparisons.keep(column=columns_of(comparison)[0]) == kept
    assert [c.is_kept for c in shown_comparison(comparison, []).columns] == [True, False]
    comparisons.delete(comparison=comparison)
    assert Conversation.objects.owned_by(member).get() == kept


def test_columns_are_in_no_list_and_no_search(
    page: Client, conversation: Conversation, comparison: Comparison
) -> None:
    asking.ask(comparison=comparison, text="Wolverines?")
    assert b"Wolverines" not in page.get("/conversations/").content
    assert b"Nothing has these words" in page.get("/conversations/?q=wolverines").content
    column = columns_of(comparison)[0]
    there = page.get(f"/c/{column.conversation_id}/")
    assert there.headers["Location"] == comparison.get_absolute_url()


def test_a_deleted_comparison_comes_back_without_what_was_removed_before(
    page: Client, comparison: Comparison
) -> None:
    removed = comparisons.add_column(comparison=comparison)
    comparisons.remove_column(column=removed)
    asking.ask(comparison=comparison, text="Foxes?")
    address = comparison.get_absolute_url()
    gone = page.post(f"{address}delete", follow=True)
    assert b"Deleted" in gone.content and page.get(address).status_code == 404
    assert not Generation.objects.live().filter(cancel_requested=False).exists()
    back = page.post(f"{address}restore", follow=True)
    assert back.status_code == 200
    assert len(columns_of(Comparison.objects.get())) == 2


def test_what_was_never_asked_or_deleted_long_ago_is_purged(member: User) -> None:
    left = comparisons.start(owner=member, setups=[Setup(), GREEDY])
    asked = comparisons.start(owner=member, setups=[Setup(), GREEDY])
    asking.ask(comparison=asked, text="Foxes?")
    long_ago = timezone.now() - comparisons.conversations.KEEP_DELETED * 2
    Comparison.objects.update(updated_at=long_ago)
    assert comparisons.purge() == 1
    assert not Comparison.objects.filter(pk=left.pk).exists()
    assert Conversation.objects.count() == 2


def test_a_message_opens_a_comparison_with_its_question_behind_what_came_before(
    page: Client, conversation: Conversation
) -> None:
    said = talk(conversation, "Tell me about foxes", "They sleep.", "When?", "At noon.")
    page.post(f"/m/{said[3].pk}/compare")
    found = Comparison.objects.get()
    assert (found.question, found.origin) == ("When?", said[1])
    assert len(columns_of(found)) == 2
    assert b"Every column begins with 2 messages" in page.get(found.get_absolute_url()).content


def test_the_composer_opens_a_comparison_with_its_template(
    member: User, page: Client, conversation: Conversation
) -> None:
    say(conversation, "user", "Hello")
    version = create_template(owner=member, name="Sounds", spec=SPEC).latest
    form: dict[str, Any] = {
        "decoding": "greedy",
        "max_tokens": 5,
        "top_k": 0,
        "top_p": 1,
        "repetition_penalty": 1,
        "template": version.pk,
        "field_animal": "dog",
        "shots": 1,
    }
    answer = page.post(f"/c/{conversation.pk}/compare", form)
    found = Comparison.objects.get()
    assert answer.headers["HX-Redirect"] == found.get_absolute_url()
    first, second = columns_of(found)
    assert (found.question, first.template_version, first.use["count"]) == ("dog", version, 1)
    assert first.conversation.generation_settings.greedy
    assert not second.conversation.generation_settings.greedy


def test_a_file_of_the_composer_goes_to_every_column(member: User) -> None:
    file = Document.objects.create(
        owner=member, name="foxes.txt", size=12, kind="text", words=2, text="Foxes sleep."
    )
    found = comparisons.start(owner=member, setups=[Setup(), GREEDY], documents=[file])
    for column in (*columns_of(found), comparisons.add_column(comparison=found)):
        prompts = counting.prompts_for([column], "Sum it up")
        assert [d.text for turn in prompts[0].turns for d in turn.documents] == ["Foxes sleep."]
    asking.ask(comparison=found, text="Sum it up")
    answer_all(found)
    asking.ask_again(comparison=found)
    for column in columns_of(found):
        assert "Foxes sleep." in newest(column).prompt[-1]["content"]
    asked = shown_comparison(found, []).question
    assert asked is not None and [f.document for f in asked.files] == [file]


def test_what_would_be_sent_is_what_is_sent(member: User, comparison: Comparison) -> None:
    version = create_template(owner=member, name="Sounds", spec=SPEC).latest
    setup = Setup(template_version=version, use={"count": 1})
    comparisons.change(column=columns_of(comparison)[0], setup=setup)
    prompts = counting.prompts_for(columns_of(comparison), "dog")
    would = [[m.content for turn in p.turns for m in turn.messages] for p in prompts]
    asking.ask(comparison=comparison, text="dog")
    sent = [[part["content"] for part in newest(c).prompt] for c in columns_of(comparison)]
    assert would == sent


def test_exports_hold_every_column(page: Client, comparison: Comparison) -> None:
    asking.ask(comparison=comparison, text="Foxes?")
    answer_all(comparison)
    address = comparison.get_absolute_url()
    data = page.get(f"{address}export.json").json()
    assert [c["name"] for c in data["columns"]][1] == "Greedy"
    assert [m["text"] for m in data["columns"][0]["conversation"]["messages"]] == [
        "Foxes?",
        "They sleep.",
    ]
    text = page.get(f"{address}export.md").content.decode()
    assert "> Foxes?" in text and "## Greedy\n\nThey sleep." in text
