"""A policy, a reference and a value head over the tiny model, for tests of PPO."""

from collections.abc import Callable
from typing import Any

import torch

from llmkit import heads
from llmkit.engine.twins import twin
from llmkit.rl import actors as rl
from llmkit.rl.actors import Actors, Rollout, sample
from llmkit.tuning.opening import Opened
from llmkit.tuning.sequences import prompt_tokens

ASKED = [{"messages": [{"role": "user", "content": f"Say something {n}"}]} for n in range(16)]
FIRST_WORDS = [b"Hello", b"A longer prompt", b"x"]


def actors_for(
    opened: Opened, score: Callable[[Rollout], Any], *, temperature: float = 1.0, dropout: float = 0
) -> Actors:
    from llmkit import tuning

    torch.manual_seed(0)
    way = tuning.get("lora")
    own = twin(opened.model, own_config=True)
    policy = way.adapt(own, way.config(rank=8, dropout=dropout)).train()
    rl.without_dropout(policy)
    return Actors(policy, opened.model, heads.value_head(opened.width), score, temperature)


def asked(opened: Opened) -> list[list[int]]:
    return [prompt_tokens(opened.prompts, row["messages"]) for row in ASKED]


def drawn(
    opened: Opened, model: Any, *, most: int = 8, temperature: float = 1.0, decoder: Any = None
) -> Rollout:
    prompts = [[*list(text), opened.eos] for text in FIRST_WORDS]
    return sample(
        model,
        prompts,
        stops={opened.eos},
        pad=opened.eos,
        most=most,
        temperature=temperature,
        decoder=decoder,
    )


def zeros(rollout: Rollout) -> Any:
    return torch.zeros(len(rollout.tokens))
