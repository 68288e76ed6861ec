"""Finished Markdown blocks may be shown while the rest is still being written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.streaming.blocks import finished_end


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("One line", ""),
        ("One line\n\nThe next", "One line\n\n"),
        ("```python\na = 1\n\nb = 2", ""),
        ("```python\na = 1\n\n```\n\nAfter", "```python\na = 1\n\n```\n\n"),
        ("````\n```\n\n````\n\nAfter", "````\n```\n\n````\n\n"),
        ("~~~\n```\n\n", ""),
        ("A\n\nB\n\n```\nC", "A\n\nB\n\n"),
    ],
)
def test_a_block_ends_at_a_blank_line_outside_code(text: str, finished: str) -> None:
    assert text[: finished_end(text)] == finished


@given(st.lists(st.sampled_from(["word", "\n", "\n\n", "```\n", "~~~", " "]), max_size=30))
def test_cutting_burst_by_burst_ends_where_cutting_at_once_does(pieces: list[str]) -> None:
    shown, tail = 0, ""
    for piece in pieces:
        tail += piece
        cut = finished_end(tail)
        shown, tail = shown + cut, tail[cut:]
    assert shown == finished_end("".join(pieces))
