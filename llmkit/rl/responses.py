"""Where a response ends, and the positions and log-probabilities of its tokens."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

OPENING = 4


def is_stop(tokens: "Tensor", stops: Collection[int]) -> "Tensor":
    """Which tokens end a response: the end-of-sequence token or any other the model was given."""
    import torch

    return torch.isin(tokens, torch.tensor(sorted(stops), device=tokens.device))


def response_mask(tokens: "Tensor", stops: Collection[int]) -> "Tensor":
    """True up to the first stop token and on it; all True where a response was cut.

    The padding token plays no part, so it may be the stop token itself.
    """
    stopped = is_stop(tokens, stops).long()
    return (stopped.cumsum(-1) - stopped) == 0


def has_ended(tokens: "Tensor", stops: Collection[int]) -> "Tensor":
    """[batch]: whether a response came to a stop token rather than to its longest length."""
    return is_stop(tokens, stops).any(-1)


def last_index(mask: "Tensor") -> "Tensor":
    """[batch]: the place of the last real token; the mask has no gaps and begins at 0."""
    return mask.long().sum(-1).clamp(min=1) - 1


def same_opening(tokens: "Tensor", mask: "Tensor", opening: int = OPENING) -> float:
    """The share of responses [batch, tokens] that begin with the batch's commonest `opening`."""
    import torch

    first = torch.where(mask, tokens, -1)[:, :opening]
    counts = torch.unique(first, dim=0, return_counts=True)[1]
    return counts.max().item() / len(first)


def logprobs(logits: "Tensor", tokens: "Tensor", temperature: float = 1.0) -> "Tensor":
    """The log-probability of each token under logits [batch, tokens, vocabulary] / temperature.

    In float32, whatever the model computes in: a ratio of two bfloat16 probabilities is noise.
    """
    scaled = logits.float() / temperature
    return scaled.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) - scaled.logsumexp(-1)


def entropy(logits: "Tensor", temperature: float = 1.0) -> "Tensor":
    """In nats, of the distribution at each position of logits [batch, tokens, vocabulary]."""
    import torch

    scaled = logits.float() / temperature
    return scaled.logsumexp(-1) - (torch.softmax(scaled, -1) * scaled).sum(-1)
