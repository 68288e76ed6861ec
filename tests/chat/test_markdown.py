"""Model output is hostile text: what the page shows of it can't act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.markdown import render


@pytest.mark.parametrize(
    ("hostile", "absent"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![tracker](https://example.org/pixel.png)", "<img"),
        ("[click](javascript:alert(1))", 'href="javascript'),
        ("[click](data:text/html,x)", 'href="data'),
        ('<a href="x" onclick="alert(1)">x</a>', "<a href"),
        ("<iframe src=https://example.org></iframe>", "<iframe"),
        ("<style>body{display:none}</style>", "<style"),
    ],
)
def test_hostile_markdown_is_inert(hostile: str, absent: str) -> None:
    assert absent not in render(hostile)


def test_code_is_highlighted_and_escaped() -> None:
    html = render("```python\ndef f():\n    return '<b>'\n```")
    assert '<span class="k">def</span>' in html
    assert "<b>" not in html


def test_an_unknown_language_is_shown_as_plain_code() -> None:
    assert "&lt;x&gt;" in render("```nosuchlanguage\n<x>\n```")


def test_a_table_becomes_a_table() -> None:
    assert "<td>2</td>" in render("| a | b |\n|---|---|\n| 1 | 2 |")


@given(st.text(alphabet="<>/aimgscriptonerror=\"'`*_[]()!#|\n &;:", max_size=80))
def test_no_text_makes_a_tag_outside_the_list(text: str) -> None:
    html = render(text).lower()
    assert not any(tag in html for tag in ("<script", "<img", "<iframe", "<style", "<svg"))
