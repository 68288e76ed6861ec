"""Greedy answers equal those of transformers' `generate`, token for token."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from llmkit.types import GenerationSettings
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.support import GREEDY, ask, ids_of, reference, run

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

PROMPTS = ["a", "Hello there", "What is the sea? " * 4, "x" * 130, "naïve 日本 🙂" * 5]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_alone_it_equals_generate(
    tiny: "LoadedModel", scheduler_of: SchedulerMaker, prompt: str
) -> None:
    scheduler = scheduler_of(tiny)
    asked = ask(scheduler, prompt)
    run(scheduler)
    assert asked.tokens() == reference(tiny, ids_of(tiny, prompt), 24)


def test_in_a_mixed_batch_it_equals_generate(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    """Lengths, settings and moments of joining and leaving all differ."""
    scheduler = scheduler_of(tireless, max_running=6)
    noise = GenerationSettings(max_tokens=9, temperature=1.3, top_k=5, seed=1)
    asked = []
    for turn, prompt in enumerate(PROMPTS):
        settings = replace(GREEDY, max_tokens=12 + 7 * turn)
        asked.append((prompt, settings, ask(scheduler, prompt, settings)))
        ask(scheduler, "noise " * turn + "!", replace(noise, seed=turn, max_tokens=3 + turn))
        for _ in range(3):
            scheduler.step()
    run(scheduler)
    for prompt, settings, answer in asked:
        want = reference(tireless, ids_of(tireless, prompt), settings.max_tokens)
        assert answer.tokens() == want, prompt


def test_cancelling_neighbours_changes_nothing_for_those_who_stay(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    first, stays, last = [
        ask(scheduler, p, replace(GREEDY, max_tokens=60)) for p in ("first", PROMPTS[3], "last one")
    ]
    for _ in range(8):
        scheduler.step()
    scheduler.cancel(first.request)
    scheduler.step()
    scheduler.cancel(last.request)
    run(scheduler)
    assert stays.tokens() == reference(tireless, ids_of(tireless, PROMPTS[3]), 60)


def test_a_prompt_being_read_survives_rows_that_leave_before_it(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    short = ask(scheduler, "ab", replace(GREEDY, max_tokens=50))
    scheduler.step()
    long_prompt = "The tide comes in. " * 16
    long = ask(scheduler, long_prompt)
    scheduler.step()
    scheduler.cancel(short.request)
    run(scheduler)
    assert long.tokens() == reference(tireless, ids_of(tireless, long_prompt), 24)


def test_choices_of_one_request_are_rows_with_seeds_of_their_own(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    settings = GenerationSettings(max_tokens=20, temperature=1, top_k=0, top_p=1, seed=40)
    scheduler = scheduler_of(tireless)
    together = ask(scheduler, "Say it", settings, n=3)
    run(scheduler)
    alone = []
    for seed in (40, 41, 42):
        alone.append(ask(scheduler, "Say it", replace(settings, seed=seed)))
        run(scheduler)
    assert [together.tokens(i) for i in range(3)] == [a.tokens() for a in alone]
    assert together.request.prompt_tokens == len("Say it")


def test_a_beginning_that_a_running_row_has_read_is_taken_over(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    beginning = "The same long instruction for everyone. " * 5
    ask(scheduler, beginning + "first", replace(GREEDY, max_tokens=30))
    for _ in range(5):
        scheduler.step()
    second, third = ask(scheduler, beginning + "second one"), ask(scheduler, beginning[:128])
    scheduler.step()
    assert len(second.tokens()) == 2, "read in one step: only the end was left to read"
    run(scheduler)
    for asked in (second, third):
        assert asked.tokens() == reference(tireless, asked.request.choices[0].prompt, 24)


@pytest.mark.real_model
def test_the_real_model_equals_generate_alone_and_in_a_mixed_batch(
    real_model: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    prompts = ["The capital of France is", "Once upon a time, in a land far away,", "2 + 2 ="]
    wants = [reference(real_model, ids_of(real_model, p), 24) for p in prompts]
    scheduler = scheduler_of(real_model)
    alone = ask(scheduler, prompts[0])
    run(scheduler)
    assert alone.tokens() == wants[0]
    mixed = []
    for prompt in prompts:
        mixed.append(ask(scheduler, prompt))
        ask(scheduler, prompt + " well", GenerationSettings(max_tokens=8, seed=5))
        scheduler.step()
    run(scheduler)
    assert [m.tokens() for m in mixed] == wants
