"""Draws follow the Hugging Face logits processors, and company in the batch changes none."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from llmkit.types import GenerationSettings
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.support import ask, run

if TYPE_CHECKING:
    import torch

    from llmkit.engine.loading import LoadedModel

DRAWS = 4000
VOCABULARY = 40
UNLIKELY = 1e-3

MIXES: list[dict[str, Any]] = [
    {"temperature": 1.0},
    {"temperature": 0.5},
    {"temperature": 2.0},
    {"top_k": 5},
    {"top_k": 1},
    {"top_p": 0.6},
    {"top_p": 0.01},
    {"temperature": 0.8, "top_k": 8},
    {"temperature": 1.4, "top_p": 0.9},
    {"top_k": 12, "top_p": 0.7},
    {"temperature": 1.5, "top_k": 10, "top_p": 0.8},
    {"repetition_penalty": 1.8},
    {"temperature": 0.9, "top_k": 10, "top_p": 0.8, "repetition_penalty": 1.3},
    {"repetition_penalty": 0.7, "top_p": 0.85},
]


def raw_logits(vocabulary: int = VOCABULARY) -> "torch.Tensor":
    import torch

    return torch.randn(1, vocabulary, generator=torch.Generator().manual_seed(11)) * 2


def expected(logits: "torch.Tensor", mix: dict[str, Any], prompt: list[int]) -> "torch.Tensor":
    """Probabilities after transformers' own processors, in its order."""
    import torch
    from transformers import (
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    scores = logits.clone()
    ids = torch.tensor([prompt])
    if "repetition_penalty" in mix:
        scores = RepetitionPenaltyLogitsProcessor(mix["repetition_penalty"])(ids, scores)
    scores = TemperatureLogitsWarper(float(mix.get("temperature", 1.0)))(ids, scores)
    if "top_k" in mix:
        scores = TopKLogitsWarper(mix["top_k"])(ids, scores)
    if "top_p" in mix:
        scores = TopPLogitsWarper(mix["top_p"])(ids, scores)
    return torch.softmax(scores, -1)[0]


def drawn(
    logits: "torch.Tensor", mix: dict[str, Any], prompt: list[int], count: int = DRAWS
) -> "torch.Tensor":
    """How often each token came, over many seeds."""
    import torch

    from llmkit.engine.sampling import Draw, sample, uniform

    seen = torch.zeros(logits.shape[-1], dtype=torch.bool)
    seen[prompt] = True
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **mix}
    draws = [Draw(**settings, uniform=uniform(seed, 3), seen=seen) for seed in range(count)]
    tokens = sample(logits.expand(count, -1), draws)
    return torch.bincount(torch.tensor(tokens), minlength=logits.shape[-1])


@pytest.mark.parametrize("mix", MIXES, ids=str)
def test_frequencies_match_the_logits_processors(mix: dict[str, Any]) -> None:
    from scipy.stats import chisquare

    prompt = [1, 4, 9, 16]
    logits = raw_logits()
    want, got = expected(logits, mix, prompt).double(), drawn(logits, mix, prompt).double()
    assert got[want == 0].sum() == 0
    common = want * DRAWS >= 5
    rare_want, rare_got = want[~common].sum() * DRAWS, got[~common].sum()
    observed, hoped = [*got[common].tolist()], [*(want[common] * DRAWS).tolist()]
    if rare_want >= 5:
        observed, hoped = [*observed, float(rare_got)], [*hoped, float(rare_want)]
    if len(hoped) > 1:
        scale = sum(observed) / sum(hoped)
        assert chisquare(observed, [h * scale for h in hoped]).pvalue > UNLIKELY


@pytest.mark.parametrize("mix", MIXES, ids=str)
def test_a_large_vocabulary_keeps_exactly_what_the_processors_keep(mix: dict[str, Any]) -> None:
    """The shortcut that looks at the likeliest tokens only must not change who may be drawn."""
    logits = raw_logits(3000) * 0.2
    prompt = [5, 17]
    want, got = expected(logits, mix, prompt), drawn(logits, mix, prompt, count=200)
    assert got[want == 0].sum() == 0
    assert (got > 0).sum() > 1 or want.max() == 1


def test_equal_scores_at_the_border_of_top_k_all_stay() -> None:
    import torch

    logits = torch.zeros(1, 300)
    logits[0, 100:] = -50
    got = drawn(logits, {"top_k": 3}, [], count=1500)
    assert (got[:100] > 0).all()
    assert got[100:].sum() == 0


def test_the_same_seed_gives_the_same_text_whatever_else_is_in_the_batch(
    tiny: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    settings = GenerationSettings(max_tokens=40, temperature=1.1, top_k=30, top_p=0.9, seed=77)
    alone = scheduler_of(tiny)
    want = ask(alone, "Tell me", settings)
    run(alone)
    crowd = scheduler_of(tiny)
    others = [replace(settings, seed=i, temperature=0.3 * i, top_k=i, top_p=1) for i in range(1, 6)]
    for i, other in enumerate(others):
        ask(crowd, "Other " * i + "!", other)
        crowd.step()
    got = ask(crowd, "Tell me", settings)
    run(crowd)
    assert got.tokens() == want.tokens()


def test_another_seed_gives_another_text(tiny: "LoadedModel", scheduler_of: SchedulerMaker) -> None:
    scheduler = scheduler_of(tiny)
    settings = GenerationSettings(max_tokens=30, temperature=1.5, top_k=0, top_p=1)
    one, two = (ask(scheduler, "Tell me", settings.with_seed(s)) for s in (1, 2))
    run(scheduler)
    assert one.tokens() != two.tokens()


def test_the_uniform_numbers_are_uniform_and_repeatable() -> None:
    from scipy.stats import kstest

    from llmkit.engine.sampling import uniform

    numbers = [uniform(seed, index) for seed in range(50) for index in range(50)]
    assert kstest(numbers, "uniform").pvalue > UNLIKELY
    assert uniform(2**63 + 30, 0) == uniform(2**63 + 30, 0)
    assert uniform(0, 1) != uniform(1, 0)


def test_the_repetition_penalty_counts_prompt_and_answer(
    tiny: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    """Greedy with a penalty equals `generate` with the same penalty."""
    import torch

    scheduler = scheduler_of(tiny)
    settings = GenerationSettings(max_tokens=30, temperature=0, repetition_penalty=1.4, seed=0)
    asked = ask(scheduler, "Again and again", settings)
    run(scheduler)
    ids = torch.tensor([asked.request.choices[0].prompt])
    want = tiny.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=30,
        do_sample=False,
        repetition_penalty=1.4,
    )
    assert asked.tokens() == want[0, ids.shape[1] :].tolist()
