"""How far the policy has moved from the reference, in nats per token.

k1 and k3 are Schulman's estimators (joschu.net/blog/kl-approx.html) of KL(policy ‖ reference) from
tokens that the policy drew: both are right on average; k3 is never negative and varies less.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def k1(policy: "Tensor", reference: "Tensor") -> "Tensor":
    """log π − log π_ref of the drawn tokens."""
    return policy - reference


def k3(policy: "Tensor", reference: "Tensor") -> "Tensor":
    """(r − 1) − log r with r = π_ref / π."""
    import torch

    log_ratio = reference - policy
    return torch.expm1(log_ratio) - log_ratio


def exact(policy_logits: "Tensor", reference_logits: "Tensor") -> "Tensor":
    """KL(policy ‖ reference) over the whole vocabulary; logits [..., vocabulary]."""
    policy = policy_logits.float().log_softmax(-1)
    reference = reference_logits.float().log_softmax(-1)
    return (policy.exp() * (policy - reference)).sum(-1)
