"""A short prompt is sent without a count, a doubtful one is counted, and none is sent too long."""

import pytest

from chat.services import roomy
from llmkit.types import ChatMessage


@pytest.fixture(autouse=True)
def counted() -> None:
    said = [ChatMessage("user", "Hi")]
    roomy.remember("small", said, 1000, "<system>Be good.</system><user>Hi</user>")


def most(text: str, times: int = 1) -> int:
    known = roomy.window_for("small", [ChatMessage("user", text)] * times)
    assert known is not None and known.window == 1000
    return known.most


def test_a_token_stands_for_a_letter_at_least_and_the_template_is_counted_in() -> None:
    assert most("a" * 100) == 100 + 2 * len("<system>Be good.</system><user></user>") + roomy.SPARE
    assert most("a", times=30) > 30 * 2 * len("<user></user>"), "each turn brings its own marks"


def test_letters_that_a_tokenizer_may_rewrite_count_for_many() -> None:
    assert most("\ufdfa" * 10) - most("") == 400


def test_what_was_not_counted_with_is_not_known() -> None:
    assert roomy.window_for("other", []) is None
    roomy.remember("odd", [], None, None)
    assert roomy.window_for("odd", []) is None
