"""What an inspection found, as plain data for /v1/distribution."""

import base64
from dataclasses import dataclass
from typing import Any

import torch

from llmkit.engine.loading import LoadedModel
from llmkit.engine.logprobs import Likelihood, finite
from llmkit.engine.sampling import Draw, penalised


@dataclass(frozen=True)
class Place:
    """One place of an answer: what stands before it, and the token that was `chosen` there."""

    loaded: LoadedModel
    read: list[int]
    chosen: int | None
    top: int
    repetition_penalty: float

    def report(self, logits: torch.Tensor) -> dict[str, Any]:
        """Log probabilities are the model's own; `scores` and the order include the penalty."""
        logprobs = finite(logits.log_softmax(-1))
        scores, order = self._penalised(logits).sort(descending=True, stable=True)

        def told(index: int) -> dict[str, Any]:
            token = int(order[index])
            return {**entry(self.loaded, token, float(logprobs[token])), "index": index}

        chosen = None if self.chosen is None else int((order == self.chosen).nonzero()[0])
        return {
            "tokens": [told(index) for index in range(min(self.top, len(order)))],
            "chosen": None if chosen is None else told(chosen),
            "scores": base64.b64encode(scores.numpy().astype("<f4").tobytes()).decode(),
        }

    def _penalised(self, logits: torch.Tensor) -> torch.Tensor:
        seen = torch.zeros(len(logits), dtype=torch.bool)
        seen[self.read] = True
        penalty = self.repetition_penalty
        return penalised(logits.unsqueeze(0), [Draw(1, 0, 1, 0, penalty, seen)])[0]


def entry(loaded: LoadedModel, token: int, logprob: float) -> dict[str, Any]:
    names = loaded.names
    return {
        "id": token,
        "text": names.text(token),
        "special": names.is_special(token),
        "logprob": logprob,
    }


def answer_report(loaded: LoadedModel, found: list[Likelihood]) -> list[dict[str, Any]]:
    """One entry per token. `shown` is the text it completes: none for a part of a character."""
    writer = loaded.detokeniser()
    told = []
    for likelihood in found:
        shown = writer.push(likelihood.token)
        top = [entry(loaded, token, logprob) for token, logprob in likelihood.top]
        own = entry(loaded, likelihood.token, likelihood.logprob)
        told.append({**own, "shown": shown, "rank": likelihood.rank, "top": top})
    if told:
        told[-1]["shown"] += writer.flush()
    return told
