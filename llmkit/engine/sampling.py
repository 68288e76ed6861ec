"""Picking the next token for every running row at once, each row with settings of its own.

The filters follow transformers' logits processors and their order: repetition penalty
(Keskar et al. 2019, arXiv:1909.05858, section 4.1), temperature, top-k (Fan et al. 2018,
arXiv:1805.04833), top-p (Holtzman et al. 2020, arXiv:1904.09751, at least one token kept).

One uniform number per token, drawn from (seed, token index), goes through the inverse of the
cumulative distribution. So what a row draws depends on nothing but its own seed and position.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch

CANDIDATES_FOR_TOP_P = 1024
TIE_MARGIN = 16
EVERYTHING = 0


def uniform(seed: int, index: int) -> float:
    """The number in [0, 1) that token `index` of a text with this seed is drawn with."""
    key = seed.to_bytes(16, "little", signed=True) + index.to_bytes(8, "little")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") / 2**64


@dataclass(frozen=True)
class Draw:
    """One row's settings for one step. `seen` marks the vocabulary in prompt and answer so far."""

    temperature: float
    top_k: int
    top_p: float
    uniform: float
    repetition_penalty: float = 1.0
    seen: torch.Tensor | None = None

    @property
    def candidates(self) -> int:
        """How many of the likeliest tokens can be drawn at most; EVERYTHING for no such bound.

        It depends on this row's settings alone, so that company never changes a row's arithmetic.
        """
        if self.top_k:
            return 64 if self.top_k <= 48 else 1 << (self.top_k + TIE_MARGIN).bit_length()
        return CANDIDATES_FOR_TOP_P if self.top_p < 1 else EVERYTHING


def sample(logits: torch.Tensor, draws: Sequence[Draw]) -> list[int]:
    """The next token id of each row of `logits` [rows, vocabulary]."""
    scores = penalised(logits.float(), draws)
    picked = scores.argmax(-1).tolist()
    groups: dict[tuple[bool, int], list[int]] = {}
    for row, draw in enumerate(draws):
        if draw.temperature > 0:
            groups.setdefault((draw.top_k > 0, draw.candidates), []).append(row)
    for (_, candidates), rows in groups.items():
        tokens = draw_group(scores[rows], [draws[row] for row in rows], candidates)
        for row, token in zip(rows, tokens, strict=True):
            picked[row] = token
    return picked


def penalised(scores: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """Scores with the repetition penalty of the rows that have one."""
    rows = [i for i, draw in enumerate(draws) if draw.repetition_penalty != 1]
    if not rows:
        return scores
    penalty = column([draws[i].repetition_penalty for i in rows], scores)
    seen = torch.stack([s for i in rows if (s := draws[i].seen) is not None])
    part = scores[rows]
    scores = scores.clone()
    scores[rows] = torch.where(seen, torch.where(part < 0, part * penalty, part / penalty), part)
    return scores


def column(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).unsqueeze(1)


def draw_group(scores: torch.Tensor, draws: Sequence[Draw], candidates: int) -> list[int]:
    """Draw for rows that look at the same number of candidates, all with top-k or all without."""
    scores = scores / column([d.temperature for d in draws], scores)
    if candidates == EVERYTHING:
        return draw_from_all(scores, draws)
    if candidates >= scores.shape[-1]:
        return draw_from_sorted(scores, draws, scores.shape[-1])[0]
    tokens, sure = draw_from_sorted(scores, draws, candidates)
    for row, enough in enumerate(sure):
        if not enough:
            single = scores[row : row + 1]
            tokens[row] = draw_from_sorted(single, [draws[row]], single.shape[-1])[0][0]
    return tokens


def draw_from_all(scores: torch.Tensor, draws: Sequence[Draw]) -> list[int]:
    """Pure temperature sampling: no filter, hence no sorting."""
    return inverse_cdf(torch.softmax(scores, -1).double(), draws).tolist()


def inverse_cdf(weights: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """The index where the cumulated weights pass the row's uniform number."""
    return at_share(weights, column([d.uniform for d in draws], weights))


def at_share(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """[rows]: where the cumulated weights [rows, n] pass the share `uniform` [rows, 1] of all."""
    cumulated = weights.cumsum(-1)
    target = uniform * cumulated[:, -1:]
    index = torch.searchsorted(cumulated, target, right=True).squeeze(1)
    last = (weights > 0).long().cumsum(-1).argmax(-1)
    return torch.minimum(index, last)


def draw_from_sorted(
    scores: torch.Tensor, draws: Sequence[Draw], candidates: int
) -> tuple[list[int], list[bool]]:
    """Draw among the likeliest `candidates`; False for a row whose nucleus needs more than those.

    Equal scores at the border of top-k all stay, as in transformers.
    """
    vocabulary = scores.shape[-1]
    values, ids = torch.topk(scores, candidates, dim=-1)
    limited = draws[0].top_k > 0
    inside = within_top_k(values, draws) if limited else torch.ones_like(values, dtype=torch.bool)
    norm = torch.logsumexp(values.masked_fill(~inside, -torch.inf) if limited else scores, -1)
    weights = (values - norm.unsqueeze(1)).exp().double() * inside
    nucleus = within_top_p(weights, draws)
    index = inverse_cdf(weights * nucleus, draws).unsqueeze(1)
    more = inside[:, -1] if limited else nucleus[:, -1]
    sure = [candidates == vocabulary or not m for m in more.tolist()]
    return ids.gather(1, index).squeeze(1).tolist(), sure


def within_top_k(values: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """Which of the descending `values` are no less than the row's k-th."""
    border = torch.tensor([min(d.top_k, values.shape[-1]) - 1 for d in draws]).to(values.device)
    return values >= values.gather(1, border.unsqueeze(1))


def within_top_p(weights: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """Which of the descending `weights` have less than top-p in front of them."""
    before = weights.cumsum(-1) - weights
    top_p = column([d.top_p for d in draws], weights)
    nucleus = (before < top_p) | (top_p >= 1)
    nucleus[:, 0] = True
    return nucleus
