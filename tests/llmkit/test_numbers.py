"""A number is what plain digits say, and no more of them than anything here can count."""

import sys

import pytest

from llmkit.numbers import whole_number


@pytest.mark.parametrize(
    ("said", "number"), [("0", 0), ("007", 7), (12, 12), ("9" * 15, 10**15 - 1)]
)
def test_plain_digits_are_a_number(said: object, number: int) -> None:
    assert whole_number(said) == number


@pytest.mark.parametrize(
    "said", ["", "-1", "1.0", "1_0", " 1", "²", "٣", None, "9" * 16, "9" * 5000]
)
def test_anything_else_is_none(said: object) -> None:
    assert whole_number(said) is None


def test_a_thousand_rows_on_each_page_can_still_be_counted() -> None:
    assert (whole_number("9" * 15) or 0) * 1000 < sys.maxsize
