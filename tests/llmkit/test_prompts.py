"""Prompt templates: what they refuse, what they render, and that inputs stay literal."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmkit.prompts import PromptTemplate, PromptTemplateError, Shots
from llmkit.types import ChatMessage, GenerationSettings


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "instruction": "Say whether the review is good or bad.",
        "fields": [{"name": "review", "label": "Review", "multiline": True}],
        "input_format": "Review: {review}",
        "output_label": "Verdict:",
        "examples": [
            {"inputs": {"review": f"text {n}"}, "output": f"answer {n}"} for n in range(6)
        ],
        **changes,
    }


def template(**changes: Any) -> PromptTemplate:
    return PromptTemplate.from_dict(spec(**changes))


def refusal(**changes: Any) -> str:
    with pytest.raises(PromptTemplateError) as caught:
        template(**changes)
    return str(caught.value)


def test_zero_shots_are_the_instruction_and_the_input() -> None:
    assert template().render({"review": "fine"}).messages == [
        ChatMessage("system", "Say whether the review is good or bad."),
        ChatMessage("user", "Review: fine"),
    ]


def test_examples_become_turns_between_the_instruction_and_the_input() -> None:
    rendered = template().render({"review": "fine"}, Shots(count=2))
    assert rendered.used_examples == [0, 1]
    assert [(m.role, m.content) for m in rendered.messages[1:]] == [
        ("user", "Review: text 0"),
        ("assistant", "answer 0"),
        ("user", "Review: text 1"),
        ("assistant", "answer 1"),
        ("user", "Review: fine"),
    ]


def test_the_instruction_can_open_the_first_user_turn() -> None:
    rendered = template(instruction_as="user").render({"review": "fine"}, Shots(count=1))
    assert rendered.messages[0] == ChatMessage(
        "user", "Say whether the review is good or bad.\n\nReview: text 0"
    )
    assert [m.role for m in rendered.messages] == ["user", "assistant", "user"]


def test_an_inline_prompt_is_one_message_that_ends_with_the_cue() -> None:
    rendered = template(layout="inline").render({"review": "fine"}, Shots(count=1))
    assert rendered.messages == [
        ChatMessage(
            "user",
            "Say whether the review is good or bad.\n\n"
            "Review: text 0\nVerdict: answer 0\n\n"
            "Review: fine\nVerdict:",
        )
    ]


def test_a_label_that_ends_a_line_puts_the_answer_on_the_next_one() -> None:
    rendered = template(layout="inline", output_label="Verdict:\n").render(
        {"review": "fine"}, Shots(count=1)
    )
    assert "Verdict:\nanswer 0\n\nReview: fine\nVerdict:" in rendered.messages[0].content


def test_doubled_braces_are_braces_and_inputs_keep_theirs() -> None:
    made = template(instruction="Answer as {{json}} for {{{review}}}", examples=[])
    assert made.render({"review": "{review} {{x}}"}).messages[0].content == (
        "Answer as {json} for {{review} {{x}}}"
    )


@given(st.text(), st.text())
def test_whatever_is_typed_arrives_unchanged(first: str, second: str) -> None:
    made = PromptTemplate.from_dict(
        {
            "fields": [{"name": "a"}, {"name": "b"}],
            "input_format": "<{a}|{b}|{a}>",
            "examples": [{"inputs": {"a": "x{b}", "b": "{a}"}, "output": "{a}{{"}],
        }
    )
    messages = made.render({"a": first, "b": second}, Shots(count=1)).messages
    assert messages[-1].content == f"<{first}|{second}|{first}>"
    if len(messages) > 1:
        assert messages[0].content == "<x{b}|{a}|x{b}>"
        assert messages[1].content == "{a}{{"


@given(st.text(alphabet="{}ab._[]!:0 ", max_size=30))
def test_any_instruction_is_either_refused_with_a_sentence_or_renders(text: str) -> None:
    try:
        made = PromptTemplate.from_dict(
            {"instruction": text, "fields": [{"name": "a"}], "input_format": "{a}"}
        )
    except PromptTemplateError as error:
        assert str(error).endswith((".", "?"))
        return
    assert made.render({"a": "value"}).messages[-1].content == "value"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Read {reviw}", "Did you mean 'review'?"),
        ("Read {review.__class__}", "names the field 'review.__class__'"),
        ("Read {0}", "names the field '0'"),
        ("Read {review!r}", "names the field 'review!r'"),
        ("Read { review", "single '{'"),
        ("Read review}", "single '}'"),
    ],
)
def test_a_template_that_names_a_missing_field_is_refused(text: str, words: str) -> None:
    assert words in refusal(instruction=text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instrction": "x"}, "Did you mean 'instruction'?"),
        ({"fields": []}, "at least one field"),
        ({"fields": [{"name": "review"}, {"name": "review"}]}, "Two fields are called 'review'"),
        ({"fields": [{"name": "Review"}]}, "must be lower-case"),
        ({"fields": [{"name": "review"}, {"name": "extra"}]}, "'extra' is never used"),
        ({"input_format": ""}, "The input format is empty."),
        ({"examples": [{"inputs": {}, "output": "x"}]}, "no value for the field 'review'"),
        ({"examples": [{"inputs": {"review": "x"}, "output": " "}]}, "answer of example 1"),
        ({"examples": [{"inputs": {"review": 3}, "output": "x"}]}, "must be text"),
        ({"shots": {"count": 7}}, "ask for at most 6"),
        ({"shots": {"choose": "frist"}}, "Did you mean 'first'?"),
        ({"shots": {"count": True}}, "whole number"),
        ({"shots": {"choose": "picked", "picked": [1, 1]}}, "picked only once"),
        ({"shots": {"choose": "picked", "picked": [6]}}, "Example 7 was picked"),
        ({"layout": "letter"}, "The layout can't be 'letter'"),
        ({"settings": {"temperature": 9}}, "Temperature must be between"),
        ({"settings": {"temprature": 0}}, "Did you mean 'temperature'?"),
        ({"instruction": "x" * 20_001}, "the limit is 20,000"),
        ({"instruction": "a\x00b"}, "NUL"),
    ],
)
def test_a_wrong_template_gets_one_sentence(changes: dict[str, Any], words: str) -> None:
    message = refusal(**changes)
    assert words in message
    assert "\n" not in message


def test_a_missing_input_is_named_with_the_known_fields() -> None:
    with pytest.raises(PromptTemplateError, match=r"'review' is missing\. Fields: review"):
        template().render({})


def test_an_unknown_input_gets_a_near_name() -> None:
    with pytest.raises(PromptTemplateError, match="Did you mean 'review'"):
        template().render({"reveiw": "x"})


def test_a_default_stands_in_for_a_missing_input() -> None:
    made = template(
        fields=[{"name": "review"}, {"name": "tone", "default": "calm"}],
        input_format="{tone}: {review}",
    )
    assert made.render({"review": "x"}, Shots(count=1)).messages[1].content == "calm: text 0"
    assert made.render({"review": "x", "tone": "loud"}).messages[-1].content == "loud: x"


def test_more_shots_than_examples_are_refused() -> None:
    with pytest.raises(PromptTemplateError, match="has 6 examples, so it can't show 7"):
        template().render({"review": "x"}, Shots(count=7))


def test_picked_examples_keep_the_order_of_picking() -> None:
    shots = Shots(choose="picked", picked=(4, 0, 2))
    assert template().render({"review": "x"}, shots).used_examples == [4, 0, 2]


def test_a_seeded_draw_is_the_same_everywhere_and_grows_by_adding() -> None:
    made = template()
    draws = [
        made.render({"review": "x"}, Shots(count=k, choose="random", seed=3)).used_examples
        for k in range(7)
    ]
    assert draws[6] == [5, 4, 1, 2, 3, 0]
    assert all(draws[k] == draws[6][:k] for k in range(7))
    other = made.render({"review": "x"}, Shots(count=6, choose="random", seed=4))
    assert other.used_examples != draws[6]


def by_shared_letters(query: str, texts: Any) -> list[int]:
    return sorted(range(len(texts)), key=lambda i: -len(set(query) & set(texts[i])))


def test_the_most_similar_example_stands_last_beside_the_input() -> None:
    rendered = template().render(
        {"review": "5 4"}, Shots(count=2, choose="similar"), similar=by_shared_letters
    )
    assert rendered.used_examples == [5, 4]


def test_similar_without_an_embedder_says_to_choose_another_way() -> None:
    with pytest.raises(PromptTemplateError, match="choose another way"):
        template().render({"review": "x"}, Shots(count=1, choose="similar"))


@pytest.mark.parametrize("choose", ["first", "random", "similar"])
def test_an_example_with_the_same_input_never_gives_its_answer_away(choose: str) -> None:
    rendered = template().render(
        {"review": " TEXT  0"}, Shots(count=6, choose=choose), similar=by_shared_letters
    )
    assert sorted(rendered.used_examples) == [1, 2, 3, 4, 5]


def test_a_picked_example_is_shown_even_if_it_is_the_input() -> None:
    shots = Shots(choose="picked", picked=(0,))
    assert template().render({"review": "text 0"}, shots).used_examples == [0]


def test_a_template_survives_being_stored_and_its_hash_follows_its_content() -> None:
    made = template(settings={"temperature": 0, "stop": ["\n"]}, shots={"count": 2})
    again = PromptTemplate.from_dict(made.to_dict())
    assert again == made
    assert again.spec_hash() == made.spec_hash()
    assert template(instruction="Other words.").spec_hash() != made.spec_hash()


def test_suggested_settings_go_over_the_given_ones() -> None:
    made = template(settings={"temperature": 0, "stop": ["\n"]})
    settings = made.suggested(GenerationSettings(max_tokens=9))
    assert (settings.max_tokens, settings.temperature, settings.stop) == (9, 0, ("\n",))
