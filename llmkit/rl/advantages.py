"""Generalised advantage estimation (Schulman et al. 2015, arXiv:1506.02438, eq. 16)."""

from typing import TYPE_CHECKING

from llmkit.rl.masked import cleared

if TYPE_CHECKING:
    from torch import Tensor


def gae(
    rewards: "Tensor", values: "Tensor", mask: "Tensor", *, gamma: float = 1.0, lam: float = 0.95
) -> tuple["Tensor", "Tensor"]:
    """(advantages, returns); a response has no value after its last real token.

    δ_t = r_t + γ V_{t+1} − V_t and A_t = δ_t + γλ A_{t+1}; returns are A + V.
    """
    import torch

    rewards, values = cleared(rewards, mask), cleared(values, mask)
    following = torch.zeros_like(values[:, 0])
    next_value = torch.zeros_like(following)
    found = []
    for at in reversed(range(rewards.shape[1])):
        delta = rewards[:, at] + gamma * next_value - values[:, at]
        following = cleared(delta + gamma * lam * following, mask[:, at])
        next_value = values[:, at]
        found.append(following)
    advantages = torch.stack(found[::-1], 1)
    return advantages, advantages + values
