"""PPO's clipped losses (Schulman et al. 2017, eq. 7) and what is watched while they fall."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmkit.rl import masked

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PolicyLoss:
    """`loss` has a gradient, the rest are numbers: the share of tokens whose ratio was clipped
    to its disadvantage, E[½ (Δ log π)²] as Schulman's k2, and the ratio's mean and largest."""

    loss: "Tensor"
    clip_fraction: float
    approximate_kl: float
    ratio_mean: float
    ratio_max: float


def policy_loss(
    new: "Tensor", old: "Tensor", advantages: "Tensor", mask: "Tensor", *, clip: float = 0.2
) -> PolicyLoss:
    """−E[min(ρA, clip(ρ, 1−ε, 1+ε)A)] with ρ = exp(new − old) of log-probabilities."""
    import torch

    change = masked.cleared(new - old, mask)
    ratio = change.exp()
    plain, clipped = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    with torch.no_grad():
        watched = {
            "clip_fraction": masked.mean((clipped > plain).float(), mask).item(),
            "approximate_kl": masked.mean(0.5 * change**2, mask).item(),
            "ratio_mean": masked.mean(ratio, mask).item(),
            "ratio_max": ratio.masked_fill(~mask.bool(), 0.0).max().item(),
        }
    return PolicyLoss(loss=masked.mean(torch.maximum(plain, clipped), mask), **watched)


def value_loss(
    new: "Tensor", old: "Tensor", returns: "Tensor", mask: "Tensor", *, clip: float | None = 0.2
) -> tuple["Tensor", float]:
    """(½ E[max((V − R)², (V_clipped − R)²)], share of tokens where the clipped one counted)."""
    import torch

    plain = (new - returns) ** 2
    if clip is None:
        return 0.5 * masked.mean(plain, mask), 0.0
    near = old + (new - old).clamp(-clip, clip)
    clipped = (near - returns) ** 2
    share = masked.mean((clipped > plain).float(), mask).item()
    return 0.5 * masked.mean(torch.maximum(plain, clipped), mask), share


def explained_variance(values: "Tensor", returns: "Tensor", mask: "Tensor") -> float:
    """1 − Var(R − V) / Var(R): 1 is a perfect value head, 0 a constant one; NaN for equal R."""
    spread = masked.variance(returns, mask).item()
    left = masked.variance(returns - values, mask).item()
    return 1 - left / spread if spread > 0 else float("nan")
