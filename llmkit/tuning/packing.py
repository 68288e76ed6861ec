"""All answers of a prompt in one row behind it, so that the prompt is read once for all of them.

Row: prompt, answer, answer, … An answer sees the prompt and itself, and its positions go on where
the prompt ends, so every state is that of the answer alone behind its prompt. Multi-turn prompts
are longer than their answers: reading them once nearly halves a reward model's work.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from llmkit.tuning.preference import Group

NEVER = -1


@dataclass(frozen=True)
class Packed:
    """`tokens` and `positions` [groups, longest]; `mask` [groups, 1, longest, longest] is added to
    the attention's scores; `ends`: row and place of each answer's last token, in their order."""

    tokens: "Tensor"
    positions: "Tensor"
    mask: "Tensor"
    ends: tuple[list[int], list[int]]


def packs(decoder: Any) -> bool:
    """Whether a network's attention is nothing but the mask's and the positions' doing."""
    config = decoder.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    takes = inspect.signature(decoder.forward).parameters
    return (
        not config.is_encoder_decoder
        and kinds == {"full_attention"}
        and getattr(config, "sliding_window", None) is None
        and getattr(config, "_attn_implementation", "") in ("sdpa", "eager")
        and {"position_ids", "attention_mask"} <= takes.keys()
    )


def packed(groups: "Sequence[Group]", pad: int, device: Any, dtype: Any) -> Packed:
    import torch

    rows = [laid_out(group) for group in groups]
    longest = max(len(tokens) for tokens, _, _ in rows)
    fill = [longest - len(tokens) for tokens, _, _ in rows]
    columns = zip(rows, fill, strict=True)
    tokens, positions, owners = zip(
        *((t + [pad] * n, p + [0] * n, o + [NEVER] * n) for (t, p, o), n in columns), strict=True
    )
    return Packed(
        torch.tensor(tokens, device=device),
        torch.tensor(positions, device=device),
        seen(torch.tensor(owners, device=device), dtype),
        ends_of(groups),
    )


def laid_out(group: "Group") -> tuple[list[int], list[int], list[int]]:
    """(tokens, positions, owners): 0 owns the prompt, n the n-th answer."""
    prompt = len(group.sequences[0]) - group.lengths[0]
    tokens, positions = group.sequences[0][:prompt], [*range(prompt)]
    owners = [0] * prompt
    for number, (sequence, length) in enumerate(
        zip(group.sequences, group.lengths, strict=True), start=1
    ):
        tokens = [*tokens, *sequence[prompt:]]
        positions += range(prompt, prompt + length)
        owners += [number] * length
    return tokens, positions, owners


def seen(owners: "Tensor", dtype: Any) -> "Tensor":
    """0 where a token may look, the least number elsewhere. A token of padding sees itself: a row
    of nothing but least numbers would be NaN."""
    import torch

    rows, columns = owners.unsqueeze(2), owners.unsqueeze(1)
    earlier = torch.ones(owners.shape[1], owners.shape[1], device=owners.device).tril().bool()
    allowed = earlier & ((columns == 0) | (columns == rows)) & (columns != NEVER)
    allowed = allowed | torch.eye(owners.shape[1], device=owners.device).bool()
    least = torch.finfo(dtype).min
    return torch.zeros(allowed.shape, dtype=dtype, device=owners.device).masked_fill(
        ~allowed, least
    )[:, None]


def ends_of(groups: "Sequence[Group]") -> tuple[list[int], list[int]]:
    rows, places = [], []
    for row, group in enumerate(groups):
        at = len(group.sequences[0]) - group.lengths[0] - 1
        for length in group.lengths:
            at += length
            rows.append(row)
            places.append(at)
    return rows, places
