"""Forward passes over the running batch of one model, with its slot cache."""

from collections.abc import Sequence

import torch

from llmkit.engine.cache import SlotCache
from llmkit.engine.fast.decoder import Decoder
from llmkit.engine.fast.lora import Company
from llmkit.engine.loading import LoadedModel

CLOSE_ENOUGH = 0.99
PREFILL_PIECE = 64
FEWEST_SHARED = 8


class Runner:
    """Rows 0..B-1 of the cache belong to the running choices, in the scheduler's order."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded
        self._model = loaded.model
        self._device = loaded.device
        lean = loaded.decoder
        self._decoder = lean if lean is not None and lean.model is loaded.model else None
        self._company: Company | None = None
        self.cache = SlotCache(loaded.layers)

    @torch.inference_mode()
    def prefill(
        self, row: int, tokens: Sequence[int], start: int, who: LoadedModel | None = None
    ) -> torch.Tensor:
        """Write a piece of a prompt into `row`; the logits [1, vocabulary] after its last token.

        `who` reads it: the model, or an adapter in its company.
        """
        self.cache.reserve(row + 1, start + len(tokens))
        self.cache.window.prefill(row, start, len(tokens))
        positions = torch.arange(start, start + len(tokens), device=self._device)
        who = who or self.loaded
        return self._forward(self._tensor(tokens).unsqueeze(0), positions.unsqueeze(0), None, [who])

    @torch.inference_mode()
    def decode(
        self,
        tokens: Sequence[int],
        lengths: Sequence[int],
        who: Sequence[LoadedModel] | None = None,
    ) -> torch.Tensor:
        """Append one token to each row; the logits [rows, vocabulary] that follow.

        `who`: the model, or an adapter in its company, that each row belongs to.
        """
        longest = max(lengths)
        self.cache.reserve(len(lengths), longest + 1)
        positions = self._tensor(lengths)
        even = min(lengths) == longest
        self.cache.window.decode(positions, longest, even=even)
        mask = None if even else hidden_beyond(positions, longest + 1, self._model.dtype)
        who = who or [self.loaded] * len(tokens)
        return self._forward(self._tensor(tokens).unsqueeze(1), positions.unsqueeze(1), mask, who)

    def _tensor(self, values: Sequence[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.long, device=self._device)

    def _forward(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        who: Sequence[LoadedModel],
    ) -> torch.Tensor:
        if self._decoder is not None:
            return self._lean(self._decoder, tokens, positions, mask, who)
        output = self._model(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _lean(
        self,
        decoder: Decoder,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        who: Sequence[LoadedModel],
    ) -> torch.Tensor:
        if all(loaded is self.loaded for loaded in who):
            return decoder(tokens, positions, self.cache, mask)
        self._company = self._company or Company(decoder)
        decoders = [loaded.decoder or decoder for loaded in who]
        return self._company(tokens, positions, self.cache, mask, decoders)

    @torch.inference_mode()
    def move_row(self, source: int, target: int, length: int) -> None:
        if source != target:
            self.cache.copy_row(source, target, length)

    @torch.inference_mode()
    def copy_prefix(self, source: int, target: int, length: int) -> None:
        """Give row `target`, which may be new, the first `length` tokens of row `source`."""
        self.cache.reserve(target + 1, length)
        self.cache.copy_row(source, target, length)

    def release(self) -> None:
        self.cache.release()

    def agrees(self) -> bool:
        """Whether rows of different lengths answer as each would alone.

        Models that ignore explicit positions or masks do not, which no configuration tells.
        """
        texts = [list(range(3, 8)), list(range(5, 14))]
        for row, text in enumerate(texts):
            self.prefill(row, text[:-1], 0)
        together = self.decode([t[-1] for t in texts], [len(t) - 1 for t in texts]).float()
        self.release()
        return all(
            bool(torch.cosine_similarity(got, self._alone(text), dim=0) >= CLOSE_ENOUGH)
            for text, got in zip(texts, together, strict=True)
        )

    @torch.inference_mode()
    def _alone(self, tokens: Sequence[int]) -> torch.Tensor:
        output = self._model(input_ids=self._tensor(tokens).unsqueeze(0), use_cache=False)
        logits: torch.Tensor = output.logits[0, -1].float()
        return logits


def hidden_beyond(lengths: torch.Tensor, longest: int, dtype: torch.dtype) -> torch.Tensor:
    """An additive mask [rows, 1, 1, longest] that hides what lies beyond each row's length."""
    columns = torch.arange(longest, device=lengths.device)
    hidden = columns.unsqueeze(0) > lengths.unsqueeze(1)
    mask = torch.zeros(hidden.shape, dtype=dtype, device=lengths.device)
    mask.masked_fill_(hidden, torch.finfo(dtype).min)
    return mask[:, None, None, :]


def common_beginning(prompt: list[int], other: list[int]) -> int:
    """How many leading tokens to take over; at least one is left to read, and a few are not worth
    a copy."""
    length = 0
    for mine, theirs in zip(prompt[:-1], other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length if length >= FEWEST_SHARED else 0
