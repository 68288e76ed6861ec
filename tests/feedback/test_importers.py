"""Rankings made elsewhere: the real files, and every fault by its name."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feedback.importers import Imported, Refused, Row, read_file
from feedback.rules.pairs import derive
from llmkit.registry import RegistryError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HH_RLHF = DATA / "hh-rlhf" / "harmless-base.test.jsonl.gz"
OASST = DATA / "oasst" / "en_100_tree.jsonl"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the shared data folder is not here")


def rows_of(path: Path, format_name: str) -> tuple[list[Imported], list[Refused]]:
    rows = list(read_file(path, format_name))
    good = [row for row in rows if isinstance(row, Imported)]
    return good, [row for row in rows if isinstance(row, Refused)]


def read_one(folder: Path, format_name: str, data: Any) -> Row:
    path = folder / "rows.jsonl"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    [row] = read_file(path, format_name)
    return row


@needs_data
def test_hh_rlhf_imports_but_for_nine_rows_named_by_their_fault() -> None:
    good, bad = rows_of(HH_RLHF, "hh-rlhf")
    assert Counter(row.fault for row in bad) == {"prompts differ": 5, "empty completion": 4}
    assert len(good) == 2312 - 9
    assert Counter(bool(row.repaired) for row in good)[True] == 4
    assert all(row.messages[-1]["role"] == "user" for row in good)
    assert all(row.number for row in bad)


@needs_data
def test_open_assistants_fully_ranked_groups_arrive_with_two_to_nine_replies() -> None:
    good, bad = rows_of(OASST, "oasst")
    sizes = Counter(len(row.answers) for row in good)
    assert sizes == {2: 57, 3: 116, 4: 27, 5: 3, 6: 6, 8: 1, 9: 1}
    assert Counter(row.fault for row in bad) == {"not every reply is ranked": 1}
    assert len({row.task for row in good}) == 211


def test_the_ranking_of_a_tree_follows_the_ranks_and_not_the_order(tmp_path: Path) -> None:
    replies = [
        {"text": "worst", "role": "assistant", "rank": 2},
        {"text": "best", "role": "assistant", "rank": 0},
        {"text": "middle", "role": "assistant", "rank": 1},
    ]
    root = {"text": "Hi", "role": "prompter", "message_id": "m", "replies": replies}
    row = read_one(tmp_path, "oasst", {"prompt": root})
    assert isinstance(row, Imported)
    assert row.ranking.tiers == ((1,), (2,), (0,))
    assert row.task == "m"


def test_half_a_character_in_a_trees_name_is_a_fault_of_that_row(tmp_path: Path) -> None:
    replies = [{"text": text, "role": "assistant", "rank": n} for n, text in enumerate("ab")]
    root = {"text": "Hi", "role": "prompter", "message_id": "\ud800", "replies": replies}
    row = read_one(tmp_path, "oasst", {"prompt": root})
    assert isinstance(row, Refused) and "half a character" in row.fault


def test_replies_that_are_no_list_are_a_fault_of_that_row(tmp_path: Path) -> None:
    root = {"text": "Hi", "role": "prompter", "message_id": "m", "replies": 1.5}
    row = read_one(tmp_path, "oasst", {"prompt": root})
    assert isinstance(row, Refused) and "not a list" in row.fault


def test_a_role_that_is_no_text_is_a_fault_of_that_row(tmp_path: Path) -> None:
    replies = [{"text": text, "role": "assistant", "rank": n} for n, text in enumerate("ab")]
    root = {"text": "Hi", "role": ["prompter"], "message_id": "m", "replies": replies}
    row = read_one(tmp_path, "oasst", {"prompt": root})
    assert isinstance(row, Refused) and "no known role" in row.fault
    messages, said = [{"role": ["user"], "content": "Hi"}], [{"text": "a"}, {"text": "b"}]
    row = read_one(tmp_path, "annotations", {"task": "t", "prompt": messages, "candidates": said})
    assert isinstance(row, Refused) and "no known role" in row.fault


ASKED = [{"role": "user", "content": "The sky is"}]
BLUE = [{"role": "assistant", "content": "blue"}]
GREEN = [{"role": "assistant", "content": "green"}]


@pytest.mark.parametrize(
    "data",
    [
        {"prompt": "The sky is", "chosen": "blue", "rejected": "green"},
        {"prompt": ASKED, "chosen": BLUE, "rejected": GREEN},
        {"chosen": ASKED + BLUE, "rejected": ASKED + GREEN},
    ],
)
def test_trls_forms_all_say_the_same(tmp_path: Path, data: dict[str, Any]) -> None:
    row = read_one(tmp_path, "trl", data)
    assert isinstance(row, Imported)
    assert row.messages == tuple(ASKED)
    assert [answer.text for answer in row.answers] == ["blue", "green"]
    assert [(p.chosen, p.rejected) for p in derive(row.ranking).pairs] == [(0, 1)]


def test_trls_implicit_plain_text_shares_its_beginning_up_to_a_space(tmp_path: Path) -> None:
    row = read_one(tmp_path, "trl", {"chosen": "The sky is blue.", "rejected": "The sky is black."})
    assert isinstance(row, Imported)
    assert row.messages[0]["content"] == "The sky is "
    assert [answer.text for answer in row.answers] == ["blue.", "black."]


@pytest.mark.parametrize("label", [True, False])
def test_trls_unpaired_rows_become_thumbs(tmp_path: Path, label: bool) -> None:
    row = read_one(tmp_path, "trl", {"prompt": "Sky?", "completion": "Blue", "label": label})
    assert isinstance(row, Imported)
    assert derive(row.ranking).labels == {0: label}
    assert derive(row.ranking).pairs == ()


def test_our_own_rankings_keep_ties_flags_and_who_said_so(tmp_path: Path) -> None:
    row = read_one(
        tmp_path,
        "annotations",
        {
            "task": "t1",
            "prompt": "Say hello",
            "candidates": [{"text": "Hello", "model": "m"}, {"text": "No"}, {"text": "Hi"}],
            "annotator": "ada",
            "tiers": [[0, 2], [1]],
            "flags": {"1": ["refusal"]},
        },
    )
    assert isinstance(row, Imported)
    assert (row.task, row.annotator, row.answers[0].model) == ("t1", "ada", "m")
    assert derive(row.ranking).ties == ((0, 2),)
    assert row.flags == {1: ["refusal"]}


def test_all_bad_needs_no_tiers(tmp_path: Path) -> None:
    candidates = [{"text": "a"}, {"text": "b"}]
    data = {"task": "t", "prompt": "p", "candidates": candidates, "annotator": "a", "all_bad": True}
    row = read_one(tmp_path, "annotations", data)
    assert isinstance(row, Imported)
    assert derive(row.ranking).labels == {0: False, 1: False}


GOOD = {
    "task": "t",
    "prompt": "p",
    "candidates": [{"text": "a"}, {"text": "b"}],
    "annotator": "x",
    "tiers": [[0], [1]],
}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"tiers": [[0]]}, "Candidate 1 is missing"),
        ({"tiers": [[0], [0, 1]]}, "Candidate 0 is ranked twice"),
        ({"tiers": [[0], [1], [2]]}, "Candidate 2 is not part"),
        ({"tiers": "0,1"}, "tiers are missing"),
        ({"tiers": [[0], ["1"]]}, "lists of candidate numbers"),
        ({"candidates": [{"text": "a"}, {"text": "a"}]}, "two answers are the same"),
        ({"candidates": [{"text": "a"}, {"text": " "}]}, "empty completion"),
        ({"candidates": []}, "candidates are missing"),
        ({"annotator": None}, "annotator is missing"),
        ({"task": ""}, "task is missing"),
        ({"prompt": " "}, "the prompt is missing"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "no known role"),
        ({"flags": {"7": ["toxic"]}}, "flags must be lists"),
        ({"flags": 3}, "flags must be lists"),
        ({"all_bad": "yes"}, "all_bad is neither"),
        ({"candidates": [{"text": "a"}, {"text": "\ud800"}]}, "half a character"),
    ],
)
def test_a_faulty_ranking_is_refused_by_name(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    row = read_one(tmp_path, "annotations", GOOD | change)
    assert isinstance(row, Refused)
    assert fault in row.fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [("{", "not JSON"), ("[1]", "not an object"), ("[" * 100_000, "not JSON")],
)
def test_a_broken_line_is_refused_and_the_rest_still_read(
    tmp_path: Path, line: str, fault: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{line}\n\n{json.dumps(GOOD)}\n")
    bad, good = read_file(path, "annotations")
    assert isinstance(bad, Refused)
    assert fault in bad.fault
    assert isinstance(good, Imported)
    assert good.number == 3


def test_an_unknown_format_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="Did you mean 'hh-rlhf'"):
        list(read_file(tmp_path / "none", "hh_rlhf"))
