"""Asking a model for the answers of one ranking task: real ones, of the engine with tiny models."""

from typing import Any

import pytest

from feedback.services.batches.answers import Column, answers_for, seed_of
from feedback.services.errors import FeedbackError
from llmkit.types import GenerationSettings
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.django_db(transaction=True)
SHORT = GenerationSettings(max_tokens=6, temperature=1.0)
QUESTION = [{"role": "user", "content": "What do foxes eat?"}]


@pytest.fixture(autouse=True)
def asked(engine: RunningSite, settings: Any) -> RunningSite:
    settings.ENGINE_URLS = [engine.engine_url]
    return engine


def test_the_same_seed_gives_the_same_answers_and_says_what_made_them() -> None:
    columns = [Column(TINY_MODEL, SHORT), Column(TINY_MODEL, GenerationSettings(max_tokens=4))]
    first = answers_for(messages=QUESTION, columns=columns, candidates=2, seed=7)
    again = answers_for(messages=QUESTION, columns=columns, candidates=2, seed=7)
    assert first == again
    assert [answer.source["settings"]["max_tokens"] for answer in first] == [6, 4]
    assert {answer.source["model"] for answer in first} == {TINY_MODEL}
    assert first[0].source["seed"] != first[1].source["seed"]


def test_an_unknown_model_is_refused_in_a_sentence() -> None:
    with pytest.raises(FeedbackError, match="nobody-1"):
        answers_for(messages=QUESTION, columns=[Column("nobody-1")], candidates=1)


def test_a_prompt_that_leaves_no_room_for_an_answer_is_refused() -> None:
    long = [{"role": "user", "content": "fox " * 3000}]
    with pytest.raises(FeedbackError, match="has room for"):
        answers_for(messages=long, columns=[Column(TINY_MODEL, SHORT)], candidates=1)


def test_seeds_differ_by_prompt_column_number_and_attempt() -> None:
    places = [("a", 0, 0, 0), ("b", 0, 0, 0), ("a", 1, 0, 0), ("a", 0, 1, 0), ("a", 0, 0, 1)]
    assert len({seed_of(3, *place) for place in places}) == len(places)
    assert seed_of(3, *places[0]) == seed_of(3, *places[0])
