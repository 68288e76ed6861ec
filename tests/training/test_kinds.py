"""Kinds of dataset: what a row becomes, what is a fault, and what a file seems to be."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.kinds import KINDS, RowError, canonical, suggestions
from training.models import Dataset
from training.rows import line_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3)
    ),
    max_leaves=6,
)
COLUMNS = sorted({column.name for name in KINDS for column in KINDS.get(name).columns})
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
USER = {"role": "user", "content": "2 + 2?"}
FOUR = {"role": "assistant", "content": "4"}


def same(kind: str, **values: Any) -> dict[str, Any]:
    """The row of a file whose columns have our names."""
    return canonical(KINDS.get(kind), {name: [name] for name in values}, values)


def fault(kind: str, **values: Any) -> str:
    with pytest.raises(RowError) as told:
        same(kind, **values)
    return str(told.value)


def test_every_kind_that_can_be_stored_is_known() -> None:
    assert sorted(KINDS.names()) == sorted(Dataset.Kind.values)


@pytest.mark.parametrize("kind", KINDS.names())
@QUICK
@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, JSON)))
def test_any_row_becomes_a_row_that_can_be_stored_or_has_a_named_fault(
    kind: str, values: dict[str, Any]
) -> None:
    try:
        row = same(kind, **values)
    except RowError as error:
        assert 0 < len(str(error)) < 120
    else:
        line_of(row).encode()
        assert KINDS.get(kind).prompt(row)
        assert all(KINDS.get(kind).texts(row).values())


@pytest.mark.parametrize("kind", ["completion", "preference", "prompt", "text"])
@QUICK
@given(words=st.text(min_size=1).filter(str.strip))
def test_a_text_is_kept_as_it_is_but_for_nul(kind: str, words: str) -> None:
    values = {"prompt": words, "text": words, "completion": words, "chosen": words}
    columns = {c.name for c in KINDS.get(kind).columns}
    picked = {n: v for n, v in values.items() if n in columns} | {"rejected": f"{words}!"}
    try:
        row = same(kind, **picked)
    except RowError:
        return  # a text of nothing but NUL, or one that is itself a list of messages
    kept = words.replace("\x00", "")
    assert kept in (row.get("text"), *(m["content"] for m in row.get("messages", [])))


def test_a_prompt_with_its_completion_and_a_chat_become_the_same_row() -> None:
    row = {"messages": [USER], "completion": "4"}
    assert same("completion", prompt="2 + 2?", completion="4") == row
    assert same("completion", messages=[USER, FOUR]) == row
    spoken = [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]
    assert same("completion", messages=spoken) == row
    assert same("completion", prompt=[USER], completion=[FOUR]) == row


def test_a_text_that_only_looks_like_a_list_stays_a_text() -> None:
    assert same("prompt", prompt="[1, 2] sorted?")["messages"][0]["content"] == "[1, 2] sorted?"
    assert same("evaluation", input="x", references="[1, 2]")["references"] == ["[1, 2]"]
    assert same("evaluation", input="x", references='["a", "b"]')["references"] == ["a", "b"]


def test_an_instruction_and_its_input_are_one_prompt() -> None:
    mapping = suggestions(["instruction", "input", "output"])["completion"]
    raw = {"instruction": "Add.", "input": "1 2", "output": "3"}
    row = canonical(KINDS.get("completion"), mapping, raw)
    assert row["messages"][0]["content"] == "Add.\n\n1 2"
    raw["input"] = ""
    assert canonical(KINDS.get("completion"), mapping, raw)["messages"][0]["content"] == "Add."


def test_numbered_columns_are_several_references() -> None:
    mapping = suggestions(["fname", "dialogue", "summary1", "summary2"])["evaluation"]
    raw = {"fname": "t1", "dialogue": "Hi", "summary1": "A", "summary2": "A"}
    row = canonical(KINDS.get("evaluation"), mapping, raw)
    assert row == {"input": "Hi", "references": ["A"], "id": "t1"}


@pytest.mark.parametrize(("said", "meant"), [("B", "no"), ("(B)", "no"), (1, "no"), ("no", "no")])
def test_a_reference_may_name_a_choice(said: Any, meant: str) -> None:
    row = same("evaluation", input="?", references=said, choices=["yes", "no"])
    assert row["references"] == [meant]
    assert "none of the choices" in fault("evaluation", input="?", references="C", choices=["a"])


def test_whole_chats_share_their_prompt() -> None:
    five = {"role": "assistant", "content": "5"}
    row = same("preference", chosen=[USER, FOUR], rejected=[USER, five])
    assert row == {"messages": [USER], "chosen": "4", "rejected": "5", "vector": [1, 0]}
    other = {"role": "user", "content": "3 + 3?"}
    assert fault("preference", chosen=[USER, FOUR], rejected=[other, five]) == "prompts differ"


def test_faults_have_names() -> None:
    late = [USER, FOUR, {"role": "system", "content": "Be kind"}]
    assert fault("completion", prompt="a") == "completion is missing"
    assert fault("completion", prompt=" ", completion="b") == "prompt is empty"
    assert fault("completion", prompt="a", completion=7) == "completion is not text"
    assert fault("completion", messages=[USER]) == "the chat does not end with an answer"
    assert fault("completion", messages=[USER, USER, FOUR]) == "two turns of one role in a row"
    assert fault("completion", messages=late) == "a system message comes late"
    assert fault("completion", messages=[{"role": "x"}]) == "a message has no known role"
    assert fault("prompt", messages=[USER, FOUR]) == "the prompt does not end with the user's turn"
    assert fault("text", text="\ud800") == "text holds half a character"
    assert fault("text", text="a" * 1_000_001).startswith("the row is longer than")
    assert fault("preference", prompt="a", chosen="b", rejected="b ").endswith("are the same")


def test_a_wrong_kind_is_told_with_the_near_one() -> None:
    with pytest.raises(LookupError, match="Did you mean 'evaluation'"):
        KINDS.get("evaluations")
