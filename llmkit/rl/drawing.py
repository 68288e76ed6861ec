"""Answers for PPO by the lean decoder, where it runs a model's weights; several times faster.

A decoder reads the adapter's own tensors, so it follows every change that is made in place. What it
draws from are the policy's logits over the temperature: no filter, no penalty.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from llmkit.engine.fast.decoder import Decoder


def decoders(base: Any, *models: Any) -> "list[Decoder | None]":
    """One for each of the models, which are the base or twins of it with an adapter.

    All share one packed copy of the base's weights; None where a model needs its own module.
    """
    from llmkit.engine.fast.building import lean_decoder
    from llmkit.engine.fast.lora import adapted_decoder

    lean = lean_decoder(base, keeps=True)

    def of(model: Any) -> "Decoder | None":
        if model is base:
            return lean
        return adapted_decoder(lean, model.get_base_model()) if is_lora(model) else None

    return [of(model) for model in models]


def is_lora(model: Any) -> bool:
    kind = getattr(getattr(model, "active_peft_config", None), "peft_type", None)
    return str(getattr(kind, "value", kind)) == "LORA"


def drawn(
    decoder: "Decoder",
    prompts: Sequence[list[int]],
    *,
    stops: Collection[int],
    most: int,
    temperature: float,
    wanted: Callable[[], bool],
) -> "Tensor":
    """[prompts, made]: until each has a stop token or there are `most`. What a row has behind its
    stop token means nothing. Chance is torch's own, one number a token."""
    import torch

    from llmkit.engine.sampling import at_share
    from llmkit.rl.responses import is_stop

    pen, made = Pen(decoder, prompts), []
    logits = pen.read(prompts)
    ended = torch.zeros(len(prompts), dtype=torch.bool)
    while True:
        weights = torch.softmax(logits / temperature, -1).double()
        made.append(at_share(weights, torch.rand(len(prompts), 1, dtype=torch.double)))
        ended |= is_stop(made[-1], stops)
        if len(made) == most or ended.all() or wanted():
            return torch.stack(made, 1)
        logits = pen.write(made[-1])


class Pen:
    """Rows of different lengths in one cache, each of which grows by a token at a time."""

    def __init__(self, decoder: "Decoder", prompts: Sequence[list[int]]) -> None:
        import torch

        from llmkit.engine.cache import SlotCache

        self._decoder, self._cache = decoder, SlotCache(len(decoder.model.model.layers))
        self._lengths = torch.tensor([len(prompt) for prompt in prompts])
        self._cache.reserve(len(prompts), max(map(len, prompts)))

    def read(self, prompts: Sequence[list[int]]) -> "Tensor":
        """The logits [rows, vocabulary] behind each prompt."""
        import torch

        found = []
        for row, prompt in enumerate(prompts):
            self._cache.window.prefill(row, 0, len(prompt))
            tokens, places = torch.tensor([prompt]), torch.arange(len(prompt)).unsqueeze(0)
            found.append(self._decoder(tokens, places, self._cache, None))
        return torch.cat(found)

    def write(self, tokens: "Tensor") -> "Tensor":
        """Append a token [rows] to each; the logits that follow."""
        from llmkit.engine.runner import hidden_beyond

        at, longest = self._lengths, int(self._lengths.max())
        self._cache.reserve(len(tokens), longest + 1)
        even = bool((at == longest).all())
        self._cache.window.decode(at, longest, even=even)
        mask = None if even else hidden_beyond(at, longest + 1, self._decoder.model.dtype)
        self._lengths = at + 1
        return self._decoder(tokens.unsqueeze(1), at.unsqueeze(1), self._cache, mask)
