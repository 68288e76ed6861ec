"""Splits by root turn: stable, free of leaks, and near-duplicates on one side."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.rules import texts
from feedback.rules.nearby import NearDuplicates
from feedback.rules.splits import BRIDGE, Group, Placed, place, split_of

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def group(text: str) -> Group:
    return Group(texts.sha256(text), text)


def placed(wordings: list[str]) -> Placed:
    groups = [group(text) for text in wordings]
    return place(groups, SHARES, seed=7, nearby=NearDuplicates())


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text("ab c", min_size=1, max_size=12), max_size=15), st.integers(0, 15))
def test_what_comes_later_never_moves_what_was_placed(wordings: list[str], at: int) -> None:
    before, after = placed(wordings[:at]), placed(wordings)
    assert before.splits.items() <= after.splits.items()
    assert before.dropped.items() <= after.dropped.items()


def test_a_near_duplicate_follows_the_older_prompt() -> None:
    wordings = [f"how do i bake bread number {i} at home without an oven" for i in range(40)]
    found = placed(wordings)
    assert len(set(found.splits.values())) == 1
    assert len(found.merged) == 39


def test_a_prompt_between_two_splits_is_dropped_with_the_reason() -> None:
    groups = [Group("0", "x" * 9), Group("1", "y" * 9), Group("new", "anything")]
    assert [split_of(key, SHARES, 0) for key in "01"] == ["train", "test"]

    class CloseToAll:
        def near(self, group: Group) -> list[str]:
            return ["0", "1"] if group.text == "anything" else []

        def add(self, group: Group) -> None: ...

    found = place(groups, SHARES, seed=0, nearby=CloseToAll())
    assert found.dropped == {"new": BRIDGE}
    assert "new" not in found.splits


def test_shares_come_out_about_as_asked() -> None:
    counts = Counter(split_of(str(i), SHARES, 3) for i in range(10_000))
    assert counts["train"] == pytest.approx(8000, abs=200)
    assert counts["test"] == pytest.approx(1000, abs=120)


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        place([], {"train": 0.5}, seed=0, nearby=NearDuplicates())


def test_the_group_is_the_first_user_turn_whatever_its_case_and_spaces() -> None:
    one = [{"role": "user", "content": " How are  you?"}, {"role": "assistant", "content": "Well"}]
    other = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "how are you"}]
    assert texts.group_key(one) == texts.group_key(other)
    assert texts.prompt_hash(one) != texts.prompt_hash(other)
    assert texts.prompt_hash(one) == texts.prompt_hash([{**m, "extra": "x"} for m in one])
