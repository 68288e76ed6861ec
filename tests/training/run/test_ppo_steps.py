"""One step of PPO on a tiny model: the faults that implementations had."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from llmkit.engine.twins import twin
from llmkit.rl.actors import Actors, Rollout, recomputes
from llmkit.rl.update import Rules, described, experienced, updated
from llmkit.tuning.opening import Opened, with_adapter
from tests.training.run.ppo_actors import actors_for, drawn, zeros
from training.methods import ppo


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_before_the_first_change_the_ratio_is_one_and_the_divergence_nothing(
    opened: Opened, temperature: float
) -> None:
    """Checks 9 and 12. With dropout in the adapter, prompts of several lengths, padded with the end
    token."""
    actors = actors_for(opened, zeros, temperature=temperature, dropout=0.5)
    rollout = drawn(opened, actors.policy, temperature=temperature)
    seen = experienced(actors, rollout, ppo.Config().shaping(), Rules(), 0.1)
    found = updated(actors, seen, Rules(passes=1, minibatch=1), lambda: 0.0)
    assert found["ratio_mean"] == pytest.approx(1, abs=1e-4)
    assert found["ratio_max"] == pytest.approx(1, abs=1e-4)
    assert found["approximate_kl"] == pytest.approx(0, abs=1e-8)
    assert found["clip_fraction"] == 0
    with torch.no_grad():
        again = actors.evaluated(rollout).logprobs
    assert (again - seen.logprobs)[seen.mask].abs().max().item() < 1e-4
    assert seen.kl.abs().max().item() < 1e-3


def test_a_step_ends_its_passes_when_the_policy_has_moved_far_enough(opened: Opened) -> None:
    """Check 22, the stop at a target."""
    actors = actors_for(opened, lambda r: torch.tensor([1.0, -1.0, 0.5]))
    rollout = drawn(opened, actors.policy)
    seen = experienced(actors, rollout, ppo.Config().shaping(), Rules(), 0.0)
    learning = [p for p in actors.policy.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=50.0)

    def descend() -> float:
        optimiser.step()
        optimiser.zero_grad()
        return 0.0

    rules = Rules(passes=10, minibatch=3, target_kl=0.01)
    assert updated(actors, seen, rules, descend)["minibatches"] < 10


def test_gradients_are_clipped(opened: Opened) -> None:
    """Check 22, the largest gradient norm."""
    from training.methods.schedule import Schedule
    from training.run.descent import descend, optimiser_of
    from training.run.state import State

    weight = torch.nn.Parameter(torch.zeros(2))
    schedule = Schedule(gradient_clip=1.0, learning_rate=0.1, warmup=0)
    state = State({"w": weight}, optimiser_of(schedule, [weight]))
    weight.grad = torch.tensor([30.0, 40.0])
    clipped: list[float] = []
    state.optimiser.register_step_pre_hook(lambda *_: clipped.append(weight.grad.norm().item()))
    assert descend(state, schedule, 10) == pytest.approx(50)
    assert clipped == [pytest.approx(1)]


def hash_of(model: Any) -> str:
    found = hashlib.sha256()
    for name, parameter in sorted(model.named_parameters()):
        found.update(name.encode() + parameter.detach().numpy().tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("from_adapter", [False, True])
def test_the_references_weights_have_the_same_hash_after_an_update(
    opened: Opened, sft_adapter: Path, from_adapter: bool
) -> None:
    """Check 16: also where policy and reference began as the same adapter."""
    actors = actors_for(opened, lambda r: torch.tensor([1.0, -1.0, 0.5]))
    if from_adapter:
        own = [twin(opened.model, own_config=True) for _ in range(2)]
        actors.policy = with_adapter(own[0], sft_adapter, learns=True)
        actors.reference = with_adapter(own[1], sft_adapter)
    rollout = drawn(opened, actors.policy)
    seen = experienced(actors, rollout, ppo.Config().shaping(), Rules(), 0.1)
    learning = [p for p in actors.policy.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=1.0)
    before, policy = hash_of(actors.reference), hash_of(actors.policy)
    updated(actors, seen, Rules(passes=1), lambda: optimiser.step() or 0.0)
    assert hash_of(actors.reference) == before
    assert hash_of(actors.policy) != policy


def widened(rollout: Rollout, left: int, right: int, fill: int) -> Rollout:
    """The same rollout with padding columns on both sides that hold some token."""
    rows = len(rollout.tokens)
    before, behind = (torch.full((rows, n), fill) for n in (left, right))
    none = [torch.zeros_like(each) for each in (before, behind)]
    return Rollout(
        torch.cat([before, rollout.tokens, behind], 1),
        torch.cat([none[0], rollout.mask, none[1]], 1),
        rollout.prompt_length + left,
        torch.cat([rollout.response_mask, none[1].bool()], 1),
        rollout.ended,
    )


def test_no_figure_of_a_step_changes_with_padding_columns_of_any_token(opened: Opened) -> None:
    """Checks 17 and 18, through the models: rewards whitened, advantages, losses, all measures."""
    rollout, rules = drawn(opened, opened.model), Rules(passes=1, minibatch=3, whiten_rewards=True)
    found = []
    for each in (rollout, widened(rollout, 2, 3, 65), widened(rollout, 1, 1, opened.eos)):
        actors = actors_for(opened, lambda r: torch.tensor([1.0, -1.0, 0.5]))
        seen = experienced(actors, each, ppo.Config().shaping(), rules, 0.1)
        found.append(described(seen) | updated(actors, seen, rules, lambda: 0.0))
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-3, abs=1e-4)


def test_described_says_what_the_rollout_was(opened: Opened) -> None:
    actors = actors_for(opened, lambda r: torch.tensor([1.0, 2.0, 3.0]))
    rollout = drawn(opened, actors.policy)
    seen = experienced(actors, rollout, ppo.Config(missing_end=0.0).shaping(), Rules(), 0.1)
    found = described(seen)
    assert found["score"] == pytest.approx(2)
    assert found["length"] == pytest.approx(rollout.response_mask.sum().item() / 3)
    assert 0 <= found["ended"] <= 1


def gradients_of(actors: Actors) -> list[Any]:
    found = [p.grad for p in actors.policy.parameters() if p.grad is not None]
    assert found
    return found


def test_a_batch_in_one_minibatch_is_read_once_for_its_first_pass(opened: Opened) -> None:
    """The pass that begins a step is the first minibatch's, with the same gradients and measures
    as another pass would give."""
    found = []
    for again in (False, True):
        actors = actors_for(opened, lambda r: torch.tensor([1.0, -1.0, 0.5]))
        torch.manual_seed(1)
        rollout = drawn(opened, actors.policy)
        seen = experienced(actors, rollout, ppo.Config().shaping(), Rules(minibatch=3), 0.1)
        assert seen.begun is not None
        if again:
            seen.begun = None
        measures = updated(actors, seen, Rules(passes=1, minibatch=3), lambda: 0.0)
        found.append((measures, gradients_of(actors)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4, abs=1e-6)
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-6, rtol=1e-4)


def test_saving_memory_keeps_less_for_the_same_gradients(opened: Opened) -> None:
    found = []
    for saves in (False, True):
        actors = actors_for(opened, zeros)
        actors.saves_memory = saves and recomputes(actors.policy)
        torch.manual_seed(1)
        rollout = drawn(opened, actors.policy)
        kept: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, kept=kept: kept.append(tensor.nbytes) or tensor, lambda tensor: tensor
        ):
            now = actors.evaluated(rollout)
        (now.logprobs.sum() + now.values.sum()).backward()
        found.append((sum(kept), gradients_of(actors)))
    assert found[1][0] < 0.7 * found[0][0]
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-6, rtol=1e-5)


def test_before_it_has_learned_a_value_the_advantage_is_the_reward_against_the_mean(
    opened: Opened,
) -> None:
    """With λ = 1 and no price of divergence every token of an answer has its whole reward."""
    actors = actors_for(opened, lambda r: torch.tensor([1.0, -1.0, 0.5]))
    rollout = drawn(opened, actors.policy)
    shaping = ppo.Config(missing_end=0.0).shaping()
    seen = experienced(actors, rollout, shaping, Rules(lam=1.0), 0.0)
    assert not seen.values.any()
    rewards = torch.tensor([1.0, -1.0, 0.5]).unsqueeze(1).expand_as(seen.returns)
    mask = seen.mask
    torch.testing.assert_close(seen.returns[mask], rewards[mask])
    mean, std = rewards[mask].mean(), rewards[mask].std(correction=0)
    wanted = (rewards[mask] - mean) / std
    torch.testing.assert_close(seen.advantages[mask], wanted, atol=0.05, rtol=0.05)
