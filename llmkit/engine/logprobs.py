"""How likely a token was: log-softmax of the model's own logits, before any setting reshapes them.

The numbers are float32 and natural logarithms, as in OpenAI's `logprobs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from llmkit.engine.requests import Choice

LEAST = -9999.0


@dataclass(frozen=True)
class Likelihood:
    """One token at one place. `rank` 1 is the likeliest; `top` holds (id, logprob), best first."""

    token: int
    logprob: float
    rank: int
    top: tuple[tuple[int, float], ...]

    def shortened(self, top: int) -> "Likelihood":
        return replace(self, top=self.top[:top])


def likelihoods(logits: torch.Tensor, tokens: Sequence[int], top: int) -> list[Likelihood]:
    """For each row of `logits` [rows, vocabulary], of the token that stands there."""
    scores = logits.float()
    norm = torch.logsumexp(scores, -1, keepdim=True)
    chosen = scores.gather(1, torch.tensor(tokens, device=scores.device).unsqueeze(1))
    ranks = ((scores > chosen).sum(-1) + 1).tolist()
    own = finite(chosen - norm).squeeze(1).tolist()
    values, ids = torch.topk(scores, min(top, scores.shape[-1]), dim=-1)
    best = zip(ids.tolist(), finite(values - norm).tolist(), strict=True)
    return [
        Likelihood(token, logprob, rank, tuple(zip(*row, strict=True)))
        for token, logprob, rank, row in zip(tokens, own, ranks, best, strict=True)
    ]


def finite(values: torch.Tensor) -> torch.Tensor:
    """JSON has no infinity; LEAST stands for it, as in other servers."""
    return values.nan_to_num(neginf=LEAST)


def likelihoods_of(
    rows: "list[Choice]", logits: torch.Tensor, tokens: list[int]
) -> list[Likelihood | None]:
    """Of the tokens of those rows that asked for it; None for the others."""
    wanted = [i for i, choice in enumerate(rows) if choice.request.logprobs is not None]
    result: list[Likelihood | None] = [None] * len(rows)
    if wanted:
        most = max(rows[i].request.logprobs or 0 for i in wanted)
        found = likelihoods(logits[wanted], [tokens[i] for i in wanted], most)
        for i, likelihood in zip(wanted, found, strict=True):
            result[i] = likelihood.shortened(rows[i].request.logprobs or 0)
    return result
