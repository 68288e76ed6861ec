"""transformers' own `generate`, one answer at a time, for everything that cannot be batched.

Encoder-decoders, sliding windows, state spaces and soft prompts each prepare their inputs and
caches in a way of their own. `generate` knows them all; here it is asked for greedy decoding and
told by a logits processor which token that is, so that sampling, seeds, penalties, stop strings
and cancelling are those of every other backend.
"""

from typing import TYPE_CHECKING, Any

import torch
from transformers import LogitsProcessor, StoppingCriteria

from llmkit.engine.backends.queued import QueuedBackend
from llmkit.engine.backends.writing import draw_of, end, end_cancelled, seen_by, take
from llmkit.engine.inspection import Inspection
from llmkit.engine.logprobs import likelihoods_of
from llmkit.engine.requests import Choice, GenerationRequest
from llmkit.engine.sampling import sample
from llmkit.types import EngineError, FinishReason

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

NEUTRAL: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "early_stopping": False,
    "num_return_sequences": 1,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": None,
    "max_length": None,
    "max_time": None,
    "stop_strings": None,
    "cache_implementation": None,
    "return_dict_in_generate": False,
    "use_cache": True,
}


class PlainBackend(QueuedBackend):
    """A step is a whole answer; `leave` has nothing to free, as the cache dies with the call."""

    kind = "plain"

    def __init__(self, loaded: "LoadedModel", *, max_waiting: int = 64) -> None:
        super().__init__(loaded, max_running=1, max_waiting=max_waiting)
        self._current: Choice | None = None

    def accepts(self, request: GenerationRequest) -> bool:
        return True

    def inspect(self, inspection: Inspection) -> None:
        if not inspection.loaded.readable:
            raise EngineError(
                f"The engine can't look into an answer of {inspection.loaded.name}: "
                "its kind of model, or of adapter, can't read a text again in pieces.",
                code="invalid",
            )
        super().inspect(inspection)

    def held(self) -> list[Choice]:
        current = self._current
        return [current] if current is not None else []

    def leave(self, choice: Choice) -> None:
        self._current = None

    def let_go(self) -> list[Choice]:
        held, self._current = self.held(), None
        return held

    def step(self) -> None:
        self.drop_cancelled()
        choice = self._admit()
        if choice is None:
            return
        reason = self._answer(choice)
        if reason is None and not choice.request.cancelled:
            return  # it is being closed, which ends what is held
        self._current = None
        if reason is None:
            end_cancelled(choice)
        else:
            end(choice, reason)

    def _admit(self) -> Choice | None:
        with self._changed:
            if not self._waiting:
                return None
            choice = self._current = self._waiting.popleft()
            choice.request.tell_position(0)
            self._tell_positions()
        choice.seen = seen_by(choice)
        return choice

    def _answer(self, choice: Choice) -> FinishReason | None:
        """Write the answer; None if it was broken off."""
        loaded = choice.request.loaded
        picker = Picker(choice)
        loaded.model.generate(
            **inputs_of(choice),
            generation_config=greedy_config(loaded, choice.limit),
            logits_processor=[picker],
            stopping_criteria=[Until(lambda: self._over(picker))],
        )
        return picker.reason

    def _over(self, picker: "Picker") -> bool:
        return picker.reason is not None or picker.choice.request.cancelled or self._closed


def inputs_of(choice: Choice) -> dict[str, torch.Tensor]:
    """What is read. An encoder reads the prompt; what the answer begins with is its decoder's."""
    loaded, prompt, begun = choice.request.loaded, choice.prompt, choice.request.beginning
    if loaded.encoder_decoder:
        prompt = prompt[: len(prompt) - len(begun)]
    ids = torch.tensor([prompt], device=loaded.device)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if loaded.encoder_decoder and begun:
        start = loaded.model.generation_config.decoder_start_token_id
        inputs["decoder_input_ids"] = torch.tensor([[start, *begun]], device=loaded.device)
    return inputs


class Picker(LogitsProcessor):
    """Picks the token as every backend does and leaves `generate` no other."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.reason: FinishReason | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The same shape [1, vocabulary] with one candidate left."""
        if self.reason is not None:  # on a GPU, `generate` looks a token late whether to stop
            return scores
        token = sample(scores, [draw_of(self.choice)])[0]
        likelihood = likelihoods_of([self.choice], scores, [token])[0]
        self.reason = take(self.choice, token, likelihood)
        only = torch.full_like(scores, -torch.inf)
        only[0, token] = 0
        return only


class Until(StoppingCriteria):
    def __init__(self, over: Any) -> None:
        self._over = over

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self._over(), device=input_ids.device)


def greedy_config(loaded: "LoadedModel", max_new_tokens: int) -> Any:
    """The model's own settings for which tokens are forced or forbidden, ours for the rest."""
    import copy

    config = copy.deepcopy(loaded.model.generation_config)
    ends = sorted(loaded.eos) or [-1]
    pad = config.pad_token_id if config.pad_token_id is not None else max(ends[0], 0)
    values = {**NEUTRAL, "max_new_tokens": max_new_tokens, "eos_token_id": ends}
    config.update(**values, pad_token_id=pad)
    return config
