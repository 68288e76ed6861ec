"""Prompts from a file: every row is one, or is refused by the name of its fault."""

import json

import pytest

from feedback.rules.spreading import Given, next_slots, shares
from feedback.services.batches.reading import Read, read_prompts
from feedback.services.errors import FeedbackError


def read(name: str, text: str, system: str = "") -> Read:
    return read_prompts(name=name, content=text.encode(), system=system)


def jsonl(*rows: object) -> str:
    return "\n".join(json.dumps(row) for row in rows)


def faults(found: Read) -> dict[int, str]:
    return {row.number: row.fault for row in found.refused}


def test_a_plain_text_has_one_prompt_a_line() -> None:
    found = read("typed.txt", "What do foxes eat?\n\n  Sing a song.  \n")
    assert [(p.number, p.messages[0]["content"]) for p in found.prompts] == [
        (1, "What do foxes eat?"),
        (3, "Sing a song."),
    ]


def test_a_csv_has_prompts_with_system_id_and_priority() -> None:
    text = 'id,Prompt,system,priority\nf1,"Two\nlines",Be brief.,5\n,Second,,\n'
    first, second = read("a.csv", "\ufeff" + text, "Be kind.").prompts
    assert first.messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Two\nlines"},
    )
    assert (first.name, first.priority) == ("f1", 5)
    assert second.messages[0]["content"] == "Be kind."
    assert read("a.csv", "prompt;id\nHello, you;7\n").prompts[0].name == "7"


def test_json_lines_hold_whole_conversations() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "And now?"},
    ]
    [prompt] = read("a.jsonl", jsonl({"messages": turns})).prompts
    assert [message["role"] for message in prompt.messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"text": "Hi"}, "the prompt is missing"),
        ({"prompt": 3}, "the prompt is missing"),
        ({"prompt": "  "}, "the prompt is empty"),
        ({"prompt": "Hi", "priority": "high"}, "priority is no whole number from -100 to 100"),
        ({"prompt": "Hi", "priority": 101}, "priority is no whole number from -100 to 100"),
        ({"prompt": "Hi", "id": ["a"]}, "id is neither a text nor a whole number"),
        ({"prompt": "\ud800"}, "a text holds half a character"),
        ({"messages": []}, "the prompt is missing"),
        ({"messages": [{"role": "robot", "content": "Hi"}]}, "a message has no known role"),
        (
            {"messages": [{"role": "assistant", "content": "Hi"}]},
            "the last message is not the user's",
        ),
        (["Hi"], "the row is not an object"),
    ],
)
def test_a_faulty_row_is_refused_by_the_name_of_its_fault(row: object, fault: str) -> None:
    found = read("a.jsonl", jsonl({"prompt": "Fine"}, row))
    assert (len(found.prompts), faults(found)) == (1, {2: fault})


def test_a_row_that_is_no_json_is_refused_and_kept_as_it_was() -> None:
    found = read("a.jsonl", '{"prompt": "Fine"}\n{"prompt": ')
    assert faults(found) == {2: "the row is not JSON"}
    assert found.refused[0].raw == '{"prompt": '


def test_a_prompt_or_an_id_that_comes_twice_is_told_with_its_first_row() -> None:
    rows = [{"prompt": "Hi", "id": 1}, {"prompt": " Hi "}, {"prompt": "Bye", "id": "1"}]
    found = read("a.jsonl", jsonl(*rows))
    assert faults(found) == {2: "the same prompt as in row 1", 3: "the same id as in row 1"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"%PDF", "ends in .csv, .jsonl or .txt"),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
        ("a.csv", b"question,answer\n1,2\n", "one of them prompt or messages"),
        ("a.csv", b"prompt\n", "There is no prompt in it"),
        ("a.txt", b" \n\n", "There is no prompt in it"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(name: str, content: bytes, words: str) -> None:
    with pytest.raises(FeedbackError, match=words):
        read_prompts(name=name, content=content)


def test_every_column_gives_the_same_share_over_all_prompts() -> None:
    assert shares(range(1, 13), candidates=4, columns=3) == [16, 16, 16]
    assert shares(range(1, 13), candidates=2, columns=4) == [6, 6, 6, 6]


def test_answers_that_are_all_the_same_are_asked_for_again_where_another_seed_can_help() -> None:
    same = [Given(0, 0, "Yes"), Given(1, 0, " Yes ")]
    again = next_slots(same, row=1, candidates=2, varied=[True, False])
    assert [(slot.number, slot.attempt, slot.column) for slot in again] == [(1, 1, 0)]
    assert next_slots(same, row=1, candidates=2, varied=[False]) == []
    assert next_slots([*same[:1], Given(1, 0, "No")], row=1, candidates=2, varied=[True]) == []
