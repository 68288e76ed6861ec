"""PPO learns what it should from a reward that is known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from llmkit.rl.actors import Rollout
from llmkit.tuning.opening import Opened
from tests.training.run.conftest import (
    measures_of,
)
from tests.training.run.ppo_actors import actors_for, asked
from training.methods import ppo
from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.run.stopping import Stop
from training.run.work import ModelAt, Work


def toy(
    opened: Opened, tmp_path: Path, score: Callable[[Rollout], Any], **config: Any
) -> dict[int, dict[str, float]]:
    """The measures of a policy that learns from a reward that is known."""
    folder = RunFolder(tmp_path / f"toy-{len(list(tmp_path.iterdir()))}")
    folder.path.mkdir()
    base = ModelAt("tiny", "")
    work = Work(folder, Report(Events(folder.events_file)), Stop(), base)
    wanted = replace(
        ppo.Config(
            batch_size=32,
            minibatch=32,
            max_answer=4,
            passes=2,
            learning_rate=0.006,
            warmup=0,
            missing_end=0.0,
            held_out=16,
            seed=6,
            evaluate_every=100,
            save_every=100,
            kl="fixed",
            kl_coefficient=0.0,
        ),
        **config,
    )
    actors = actors_for(opened, score)
    ppo.learned(wanted, work, opened, actors, asked(opened), asked(opened))
    return measures_of(folder)


def share_of_letters(rollout: Rollout) -> Any:
    """How much of an answer is lower-case letters, the loophole of a reward for words."""
    tokens = rollout.responses
    letters = (tokens >= ord("a") - 33) & (tokens <= ord("z") - 33)
    return (letters & rollout.response_mask).sum(-1).float() / rollout.lengths


def shuffled(rollout: Rollout) -> Any:
    return share_of_letters(rollout)[torch.randperm(len(rollout.tokens))]


def test_the_policy_comes_near_a_toy_rewards_best_and_a_kl_penalty_holds_it_back(
    opened: Opened, tmp_path: Path
) -> None:
    """Checks 24 and 25. Free of the penalty it collapses onto letters; with it the score rises
    within bounds. A reward that has nothing to do with the answers teaches nothing."""
    free = toy(opened, tmp_path, share_of_letters, max_steps=32)
    held = toy(opened, tmp_path, share_of_letters, max_steps=16, kl_coefficient=0.1)
    chance = toy(opened, tmp_path, shuffled, max_steps=10)
    begins = free[0]["held_out_score"]
    assert begins < 0.45
    assert free[32]["held_out_score"] > 0.8
    assert abs(chance[10]["held_out_score"] - begins) < 0.15
    assert begins + 0.05 < held[16]["held_out_score"]
    assert held[16]["held_out_kl"] < 4 < free[32]["held_out_kl"]
    assert held[16]["entropy"] > 1.5 * free[32]["entropy"]
