"""What happens to a choice when it gets a token or ends, whichever backend picked the token."""

import time

import torch

from llmkit.engine.logprobs import Likelihood
from llmkit.engine.requests import Choice, Done, Text, Written
from llmkit.engine.sampling import Draw, uniform
from llmkit.types import FinishReason


def take(choice: Choice, token: int, likelihood: Likelihood | None = None) -> FinishReason | None:
    """Append a token and show its text; the reason if the answer ends with it.

    The caller then frees what the choice held and calls `end`. A request that asked for log
    probabilities needs the token's `likelihood`.
    """
    choice.tokens.append(token)
    choice.untold.append(Written(token, likelihood, token in choice.request.loaded.eos))
    choice.request.first_token = choice.request.first_token or time.monotonic()
    if choice.seen is not None:
        choice.seen[token] = True
    if token in choice.request.loaded.eos:
        show_rest(choice)
        return "stop"
    text, stopped = choice.writer.push(token)
    show(choice, text)
    if stopped:
        return "stop"
    if len(choice.tokens) < choice.limit:
        return None
    show_rest(choice)
    return "length"


def show(choice: Choice, text: str) -> None:
    if text:
        tell(choice, text)


def tell(choice: Choice, text: str) -> None:
    """The text with every token that was not told yet."""
    tokens, choice.untold = tuple(choice.untold), []
    choice.request.sink(Text(choice.index, text, tokens))


def show_rest(choice: Choice) -> None:
    """What was held back. Not to be called after a stop string, behind which nothing may follow."""
    show(choice, choice.writer.flush())


def end(choice: Choice, reason: FinishReason) -> None:
    if choice.untold:
        tell(choice, "")
    choice.finished = reason
    if choice.request.over:
        choice.request.ended = time.monotonic()
    choice.request.sink(Done(choice.index, reason))


def end_cancelled(choice: Choice) -> None:
    show_rest(choice)
    end(choice, "cancelled")


def seen_by(choice: Choice) -> torch.Tensor | None:
    """The tokens before the answer, marked in the vocabulary, where a penalty asks for them.

    An encoder's prompt is not before the answer: the decoder goes on from nothing.
    """
    if choice.request.settings.repetition_penalty == 1:
        return None
    loaded = choice.request.loaded
    seen = torch.zeros(loaded.vocabulary, dtype=torch.bool, device=loaded.device)
    seen[choice.request.beginning if loaded.encoder_decoder else choice.prompt] = True
    return seen


def draw_of(choice: Choice) -> Draw:
    settings = choice.request.settings
    return Draw(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        uniform=0.0 if settings.greedy else uniform(choice.seed, len(choice.tokens)),
        repetition_penalty=settings.repetition_penalty,
        seen=choice.seen,
    )
