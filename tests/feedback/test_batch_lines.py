"""A line to one server: what is a prompt's fault, and what is the server's."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from feedback.services.batches import lines
from feedback.services.batches.lines import Line, PausedError
from llmkit.types import EngineError


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "FIRST_PAUSE", 0.0)


def saying(word: str) -> Callable[[], Coroutine[Any, Any, str]]:
    async def say() -> str:
        await asyncio.sleep(0)
        if word.startswith("!"):
            raise EngineError(f"It failed: {word}", code=word[1:])
        return word

    return say


async def all_of(line: Line, *words: str) -> list[Any]:
    asked = (line.ask(saying(word)) for word in words)
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("places", [1, 3])
async def test_one_prompt_that_always_fails_fails_alone_while_others_are_answered(
    places: int,
) -> None:
    words = ["a", "!engine_error", *"bcdefgh"]
    found = await all_of(Line(places), *words)
    assert [str(one) for one in found] == ["a", "It failed: !engine_error", *"bcdefgh"]
    assert isinstance(found[1], EngineError)


@pytest.mark.parametrize("places", [1, 3])
async def test_a_server_that_answers_nobody_is_given_up_and_no_prompt_is_blamed(
    places: int,
) -> None:
    found = await all_of(Line(places), *["!engine_error"] * 8)
    assert {type(one) for one in found} == {PausedError}


async def test_a_prompt_that_does_not_fit_costs_the_server_nothing() -> None:
    line = Line(2)
    found = await all_of(line, *["!too_long"] * 8, "a")
    assert {type(one) for one in found[:-1]} == {EngineError}
    assert (found[-1], line.trouble) == ("a", "")


async def test_a_model_that_is_not_there_is_given_up_at_once() -> None:
    tried = 0

    async def gone() -> str:
        nonlocal tried
        tried += 1
        raise EngineError("There is no such model.", code="model_not_found")

    with pytest.raises(PausedError, match="no such model"):
        await Line(2).ask(gone)
    assert tried == 1
