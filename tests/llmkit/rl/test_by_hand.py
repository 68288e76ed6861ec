"""PPO's mathematics against arithmetic done by hand and against exact enumeration."""

from math import exp, inf, log, nan

import pytest
import torch
from torch import tensor

from llmkit.rl import divergence, losses, masked, responses
from llmkit.rl.advantages import gae
from llmkit.rl.controllers import AdaptiveKL, FixedKL
from llmkit.rl.rewards import Shaping, token_rewards
from llmkit.tuning.reading import positions

EOS, PAD, OTHER_STOP = 2, 0, 9


def close(found: torch.Tensor, wanted: object) -> None:
    torch.testing.assert_close(found, tensor(wanted), atol=1e-6, rtol=1e-5)


def test_a_response_ends_with_its_stop_token_and_padding_does_not_count() -> None:
    tokens = tensor([[5, 6, EOS, PAD, PAD], [5, 6, 7, 8, 4], [EOS, PAD, PAD, PAD, PAD]])
    mask = responses.response_mask(tokens, {EOS})
    assert mask.sum(-1).tolist() == [3, 5, 1]
    assert responses.has_ended(tokens, {EOS}).tolist() == [True, False, True]
    assert responses.last_index(mask).tolist() == [2, 4, 0]


def test_padding_with_the_stop_token_itself_changes_nothing() -> None:
    tokens = tensor([[5, 6, EOS, EOS, EOS]])
    assert responses.response_mask(tokens, {EOS}).tolist() == [[True, True, True, False, False]]


def test_a_custom_stop_token_counts_as_an_end() -> None:
    """Check 15."""
    tokens = tensor([[5, OTHER_STOP, PAD], [5, 6, EOS]])
    mask = responses.response_mask(tokens, {EOS, OTHER_STOP})
    assert mask.sum(-1).tolist() == [2, 3]
    assert responses.has_ended(tokens, {EOS, OTHER_STOP}).all()


def test_openings_are_counted_by_hand_and_what_stands_behind_an_end_does_not_count() -> None:
    tokens = tensor([[5, 6, 7, 8, 1], [5, 6, 7, 8, 2], [5, 6, 9, 9, 9], [5, 6, 0, 0, 0]])
    mask = tensor([[True] * 5, [True] * 5, [True, True, False, False, False], [True] * 5])
    assert responses.same_opening(tokens, mask) == 0.5
    assert responses.same_opening(tokens, mask, opening=2) == 1


def test_positions_count_real_tokens_from_zero_whatever_stands_left_of_them() -> None:
    """Check 11."""
    mask = tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    assert positions(mask).tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4]]


def test_log_probabilities_are_those_of_the_distribution_that_was_sampled_from() -> None:
    """Check 10."""
    logits = tensor([[[2.0, 0.0, -1.0]]])
    total = exp(2 / 0.5) + exp(0) + exp(-1 / 0.5)
    found = responses.logprobs(logits, tensor([[1]]), temperature=0.5)
    close(found, [[log(1 / total)]])
    close(responses.entropy(torch.zeros(1, 1, 4)), [[log(4)]])


def test_the_score_lands_on_the_stop_token_and_not_on_the_padding_behind_it() -> None:
    """Check 14, the rewards."""
    mask = responses.response_mask(tensor([[5, 6, EOS, PAD, PAD], [5, 6, 7, 8, 4]]), {EOS})
    kl = tensor([[0.1, 0.2, 0.3, nan, inf], [0.1, 0.1, 0.1, 0.1, 0.1]])
    rewards = token_rewards(tensor([2.0, 3.0]), kl, mask, 0.5)
    close(rewards, [[-0.05, -0.1, 1.85, 0.0, 0.0], [-0.05, -0.05, -0.05, -0.05, 2.95]])


def test_generalised_advantages_by_hand() -> None:
    """Check 14. δ = [0.5·0.4−0.5, 0.5·0.2−0.4, 1−0.2] = [−0.3, −0.3, 0.8]; A backwards with γλ =
    0.25."""
    mask = tensor([[True, True, True, False, False]])
    rewards = tensor([[0.0, 0.0, 1.0, 7.0, 7.0]])
    values = tensor([[0.5, 0.4, 0.2, 9.0, -9.0]])
    advantages, returns = gae(rewards, values, mask, gamma=0.5, lam=0.5)
    close(advantages, [[-0.325, -0.1, 0.8, 0.0, 0.0]])
    close(returns, [[0.175, 0.3, 1.0, 0.0, 0.0]])


def test_from_a_score_to_advantages_with_and_without_padding_behind_the_end() -> None:
    """Check 14 from end to end: [t0, t1, eos, pad, pad] and five tokens without an end, λ = ½.

    V = ½ everywhere real. Scores 2 and 3 land at places 2 and 4: δ = 0 … 0, s − ½, and going back
    each A is half of the one behind it."""
    mask = responses.response_mask(tensor([[5, 6, EOS, PAD, PAD], [5, 6, 7, 8, 4]]), {EOS})
    values = tensor([[0.5, 0.5, 0.5, 8.0, -8.0], [0.5] * 5])
    rewards = token_rewards(tensor([2.0, 3.0]), torch.zeros(2, 5), mask, 0.1)
    advantages, returns = gae(rewards, values, mask, gamma=1.0, lam=0.5)
    full = [2.5 / 2**n for n in (4, 3, 2, 1, 0)]
    close(advantages, [[0.375, 0.75, 1.5, 0.0, 0.0], full])
    close(returns, [[0.875, 1.25, 2.0, 0.0, 0.0], [each + 0.5 for each in full]])


def test_advantages_of_a_response_that_fills_every_place() -> None:
    """With γ = λ = 1 a return is the sum of the rewards from there on, whatever the values are."""
    rewards = tensor([[1.0, -2.0, 4.0]])
    _, returns = gae(rewards, tensor([[0.3, 0.1, -0.7]]), torch.ones(1, 3).bool(), gamma=1, lam=1)
    close(returns, [[3.0, 2.0, 4.0]])


def test_whitening_sees_real_tokens_only() -> None:
    """Check 17."""
    mask = tensor([[True, True, False], [True, True, False]])
    found = masked.whitened(tensor([[1.0, 3.0, 1e9], [5.0, 7.0, nan]]), mask)
    scale = 5**0.5
    close(found, [[-3 / scale, -1 / scale, 0.0], [1 / scale, 3 / scale, 0.0]])


def test_the_clipped_policy_loss_by_hand() -> None:
    """Ratios 1.5 and 0.5 with ε = 0.2: a gain is cut to 1.2 A, a loss is never cut."""
    old = torch.zeros(1, 4)
    new = tensor([[log(1.5), log(1.5), log(0.5), log(0.5)]])
    advantages = tensor([[1.0, -1.0, 1.0, -1.0]])
    found = losses.policy_loss(new, old, advantages, torch.ones(1, 4).bool(), clip=0.2)
    assert found.loss.item() == pytest.approx((-1.2 + 1.5 - 0.5 + 0.8) / 4)
    assert found.clip_fraction == 0.5
    assert found.ratio_mean == pytest.approx(1.0)
    assert found.ratio_max == pytest.approx(1.5)
    assert found.approximate_kl == pytest.approx((log(1.5) ** 2 + log(0.5) ** 2) / 4)


def test_the_clipped_value_loss_by_hand() -> None:
    """Check 20. V moved by +1 and −0.1 from 0 with ε = 0.2 and R = 1: ½ mean(max(0, 0.64),
    1.21)."""
    loss, share = losses.value_loss(
        tensor([[1.0, -0.1]]), torch.zeros(1, 2), torch.ones(1, 2), torch.ones(1, 2).bool()
    )
    assert loss.item() == pytest.approx(0.5 * (0.64 + 1.21) / 2)
    assert share == 0.5


def test_explained_variance_of_a_perfect_and_of_a_constant_value_head() -> None:
    returns, mask = tensor([[1.0, 2.0, 3.0]]), torch.ones(1, 3).bool()
    assert losses.explained_variance(returns, returns, mask) == 1
    assert losses.explained_variance(torch.zeros(1, 3), returns, mask) == 0


def test_k1_and_k3_are_the_exact_divergence_on_average_over_five_tokens() -> None:
    """Check 19, by enumeration."""
    policy, reference = tensor([1.0, 0.5, 0.0, -0.5, 2.0]), tensor([0.0, 0.3, 0.7, -1.0, 0.2])
    logp, logq = policy.log_softmax(-1), reference.log_softmax(-1)
    exact = divergence.exact(policy, reference).item()
    for estimate in (divergence.k1(logp, logq), divergence.k3(logp, logq)):
        assert (logp.exp() * estimate).sum().item() == pytest.approx(exact, abs=1e-6)
    assert (divergence.k3(logp, logq) >= 0).all()
    assert exact == pytest.approx(sum(logp.exp()[i] * (logp[i] - logq[i]) for i in range(5)))


def test_the_adaptive_controller_follows_its_equation() -> None:
    """Check 21."""
    controller = AdaptiveKL(0.2, target=6.0, horizon=100.0)
    trace = []
    for kl in (12.0, 6.6, 6.0, 3.0):
        controller.update(kl, episodes=10)
        trace.append(controller.coefficient)
    first = 0.2 * 1.02
    assert trace == pytest.approx([first, first * 1.01, first * 1.01, first * 1.01 * 0.98])


def test_the_fixed_controller_stays() -> None:
    controller = FixedKL(0.1)
    controller.update(100.0, 64)
    assert controller.coefficient == 0.1


def test_shaping_charges_for_a_missing_end_and_for_length_and_clips_last() -> None:
    shaping = Shaping(missing_end=1.0, per_token=0.1, free_tokens=10, clip=2.0)
    scores, lengths = tensor([1.0, 1.0, 9.0]), tensor([5, 20, 10])
    found = shaping.shaped(scores, lengths, tensor([True, False, True]))
    close(found, [1.0, -1.0, 2.0])
    close(Shaping().shaped(scores, lengths, tensor([False] * 3)), [1.0, 1.0, 9.0])


def every_measure(columns: int, fill: float) -> list[float]:
    """All of a step's figures for two responses, with `columns` of padding holding `fill`."""
    torch.manual_seed(0)
    shape, mask = (2, 4), tensor([[True, True, True, False], [True] * 4])
    tensors = [torch.randn(shape) for _ in range(5)]
    wide = torch.full((2, columns), fill)
    new, old, ref, values, before = (
        torch.cat([t.masked_fill(~mask, fill), wide], 1) for t in tensors
    )
    mask = torch.cat([mask, torch.zeros(2, columns).bool()], 1)
    rewards = token_rewards(tensor([1.0, -1.0]), divergence.k1(old, ref), mask, 0.1)
    advantages, returns = gae(rewards, values, mask)
    policy = losses.policy_loss(new, old, masked.whitened(advantages, mask), mask)
    value, share = losses.value_loss(before, values, returns, mask)
    return [
        policy.loss.item(),
        policy.clip_fraction,
        policy.approximate_kl,
        policy.ratio_mean,
        policy.ratio_max,
        value.item(),
        share,
        losses.explained_variance(values, returns, mask),
        masked.mean(divergence.k3(old, ref), mask).item(),
    ]


@pytest.mark.parametrize("fill", [0.0, 1e6, -1e6, inf, nan])
def test_no_measure_changes_with_padding_columns_or_with_what_stands_in_them(fill: float) -> None:
    """Checks 17 and 18."""
    assert every_measure(3, fill) == pytest.approx(every_measure(0, 0.0), rel=1e-5)


def test_padding_sends_no_gradient_anywhere() -> None:
    new = torch.zeros(1, 3, requires_grad=True)
    mask = tensor([[True, True, False]])
    losses.policy_loss(new, torch.zeros(1, 3), tensor([[1.0, 2.0, nan]]), mask).loss.backward()
    assert new.grad is not None
    close(new.grad, [[-0.5, -1.0, 0.0]])
