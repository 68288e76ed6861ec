"""Runs of PPO on a tiny model: what they tell, stopping, going on, what they hold."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from llmkit.tuning.opening import Opened
from tests.training.run.conftest import (
    RunMaker,
    events_of,
    in_a_child,
    measures_of,
)
from tests.training.run.ppo_actors import ASKED
from tests.training.run.test_sft import same, wait_for_step
from training.methods import ppo
from training.run import checkpoints
from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.run.running import CANCELLED, FAILED, SUCCEEDED, run
from training.run.state import PARAMETERS, REST
from training.run.stopping import Stop
from training.run.work import ModelAt, Work

SHORT = {
    "batch_size": 4,
    "minibatch": 2,
    "max_answer": 8,
    "held_out": 4,
    "evaluate_every": 2,
    "save_every": 2,
}


def ppo_run(run_of: RunMaker, name: str, reward: Path, **config: Any) -> RunFolder:
    more = config.pop("more", {}) | {"reward_model": {"name": "r", "path": str(reward)}}
    return run_of("ppo", name, ASKED, more=more, **(SHORT | config))


def test_a_run_tells_every_measure_and_shows_answers_beside_the_references(
    run_of: RunMaker, reward_model: Path
) -> None:
    folder = ppo_run(run_of, "run", reward_model, max_steps=2)
    assert run(folder, Stop()) == SUCCEEDED
    found = measures_of(folder)[2]
    assert found.keys() >= EVERY_MEASURE
    sample = events_of(folder, "sample")[0]
    assert {"prompt", "text", "score", "reference", "reference_score", "step"} <= sample.keys()
    assert measures_of(folder)[0]["held_out_kl"] == pytest.approx(0, abs=1e-5)


EVERY_MEASURE = {
    *("score", "score_std", "reward", "kl", "kl_k3", "entropy", "clip_fraction"),
    *("approximate_kl", "ratio_mean", "ratio_max", "policy_loss", "value_loss"),
    *("explained_variance", "length", "ended", "same_opening", "gradient_norm", "kl_coefficient"),
    *("seconds_sampling", "seconds_scoring", "seconds_learning", "tokens_per_second"),
    *("memory_bytes", "held_out_score", "held_out_score_low", "held_out_score_high"),
}


def test_four_steps_are_two_steps_and_a_resumption_and_two_more(
    run_of: RunMaker, reward_model: Path
) -> None:
    """Check 23: policy, value head, optimiser, KL coefficient, chance and place in the data."""
    alone = ppo_run(run_of, "alone", reward_model, max_steps=4)
    stopped = ppo_run(run_of, "stopped", reward_model, max_steps=4)
    assert run(alone, Stop()) == SUCCEEDED
    child = in_a_child(stopped)
    wait_for_step(stopped, 2)
    child.terminate()
    child.join(60)
    assert child.exitcode == CANCELLED
    assert run(stopped, Stop()) == SUCCEEDED
    assert same(alone, stopped)
    assert_same_state(*(checkpoints.folder_of(f.checkpoints, 4) for f in (alone, stopped)))
    first, second = measures_of(alone), measures_of(stopped)
    for name in ("score", "kl", "kl_coefficient", "value_loss", "held_out_score"):
        assert first[4][name] == second[4][name]


def assert_same_state(one: Path, other: Path) -> None:
    """All that a run goes on from, to the bit."""
    weights = [load_file(folder / PARAMETERS) for folder in (one, other)]
    assert any(name.startswith("value/") for name in weights[0])
    rest = [torch.load(folder / REST, weights_only=True) for folder in (one, other)]
    assert {"optimiser", "chance", "extra", "step"} <= rest[0].keys()
    assert rest[0]["extra"]["kl"] == rest[1]["extra"]["kl"]
    torch.testing.assert_close([*weights, *rest][::2], [*weights, *rest][1::2], atol=0, rtol=0)


def test_a_stop_inside_an_update_keeps_the_state_before_it(
    run_of: RunMaker, reward_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 22, a cancel."""
    from training.run import ppo_learner

    alone = ppo_run(run_of, "alone", reward_model, max_steps=2)
    broken = ppo_run(run_of, "broken", reward_model, max_steps=2)
    assert run(alone, Stop()) == SUCCEEDED
    stop, plain = Stop(), ppo_learner.descend

    def stops_after_its_first(*args: Any) -> float:
        stop.ask()
        return plain(*args)

    monkeypatch.setattr(ppo_learner, "descend", stops_after_its_first)
    assert run(broken, stop) == CANCELLED
    monkeypatch.undo()
    assert [path.name for path in broken.checkpoints.iterdir()] == ["checkpoint-0"]
    assert run(broken, Stop()) == SUCCEEDED
    assert same(alone, broken)


def test_from_an_adapter_the_divergence_begins_at_nothing_and_the_reference_never_changes(
    run_of: RunMaker, reward_model: Path, sft_adapter: Path
) -> None:
    """Check 16."""
    before = (sft_adapter / "adapter_model.safetensors").read_bytes()
    more = {"adapter": {"name": "a", "path": str(sft_adapter)}}
    folder = ppo_run(run_of, "run", reward_model, max_steps=2, learning_rate=0.01, more=more)
    assert run(folder, Stop()) == SUCCEEDED
    found = measures_of(folder)
    assert found[0]["held_out_kl"] == pytest.approx(0, abs=1e-5)
    assert abs(found[1]["kl"]) < 1e-3
    assert found[2]["held_out_kl"] > 1e-3
    assert (sft_adapter / "adapter_model.safetensors").read_bytes() == before


def test_base_reference_and_reward_hold_one_set_of_weights(
    opened: Opened, tiny_models_dir: Path, reward_model: Path, sft_adapter: Path, tmp_path: Path
) -> None:
    work = Work(
        folder=RunFolder(tmp_path),
        report=Report(Events(tmp_path / "e")),
        stop=Stop(),
        base=ModelAt("tiny", str(tiny_models_dir / "tiny")),
        reward=ModelAt("r", str(reward_model)),
        adapter=ModelAt("a", str(sft_adapter)),
    )
    made = ppo.actors_of(ppo.Config(), work, opened)
    base = {p.data_ptr() for p in opened.model.parameters()}
    for model in (made.policy, made.reference):
        held = {p.data_ptr() for n, p in model.named_parameters() if "lora" not in n}
        assert held <= base
    assert not any(p.requires_grad for p in made.reference.parameters())
    learning = [n for n, p in made.policy.named_parameters() if p.requires_grad]
    assert learning
    assert all("lora" in name for name in learning)


def test_without_a_reward_model_a_run_says_so(run_of: RunMaker) -> None:
    folder = run_of("ppo", "run", ASKED, **SHORT)
    assert run(folder, Stop()) == FAILED
    (ended,) = events_of(folder, "ended")
    assert ended["error"] == "PPO needs a reward model. Train one first, or choose one."
