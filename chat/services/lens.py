"""Looking into an answer: how likely its tokens were, what else could have stood, and branching.

The numbers are the engine's, from a forward pass over the prompt that was sent and the tokens that
were written. Where nobody kept the tokens they are read again from the text, and the page says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import async_to_sync

from chat.models import Generation, Message
from chat.services import answers, context
from chat.services.context import Beginning, ChatError, Fit
from chat.services.fitting import flatten, rounds
from llmkit.client import EngineClient
from llmkit.types import ChatMessage, EngineError, GenerationSettings
from training import engines

ALTERNATIVES = 5
BARS = 20


@dataclass(frozen=True)
class Subject:
    """What is looked at. `tokens` is empty where only the `text` is known."""

    model: str
    messages: list[ChatMessage]
    settings: GenerationSettings
    tokens: list[int]
    text: str

    @property
    def answer(self) -> dict[str, Any]:
        return {"tokens": self.tokens} if self.tokens else {"text": self.text}


def look(*, answer: Message) -> dict[str, Any]:
    """Every token of the answer: text, log probability, rank and alternatives.

    `exact` says whether these are the tokens that were written; `settings` are the answer's own.
    """
    subject = _subject(answer)
    found = _asked(subject, top=ALTERNATIVES)
    return {
        "model": subject.model,
        "exact": bool(subject.tokens),
        "settings": subject.settings.to_dict(),
        "tokens": found["tokens"],
    }


def look_at(*, answer: Message, position: int) -> dict[str, Any]:
    """The whole distribution of the token at `position`; see llmkit/engine/distribution_route.py.

    The repetition penalty of the answer is in it, temperature and the filters are not.
    """
    subject = _subject(answer)
    penalty = subject.settings.repetition_penalty
    return _asked(subject, position=position, top=BARS, repetition_penalty=penalty)


def branch(*, answer: Message, position: int, token: int) -> Message:
    """A new sibling that has `token` at `position` and goes on from it; returns it.

    It is written from the same prompt with the same settings, but with a seed of its own.
    """
    subject = _subject(answer)
    tokens = subject.tokens or [read["id"] for read in _asked(subject, top=0)["tokens"]]
    if position >= len(tokens):
        raise ChatError("The answer has changed. Reload the page and choose again.")
    beginning = Beginning(subject.model, [*tokens[:position], token])
    with _in_its_words():
        fit = async_to_sync(_same_prompt)(subject, beginning)
    made = answer.generations.last()
    fit = replace(fit, cuts=made.cuts if made else [])
    settings = replace(subject.settings, seed=answer.conversation.generation_settings.seed)
    return answers.begin_beside(answer=answer, fit=fit, settings=settings)


async def _same_prompt(subject: Subject, beginning: Beginning) -> Fit:
    """What was sent for the answer, with another beginning behind it."""
    client = await engines.client_for(subject.model)
    model, tokens = beginning.model, beginning.tokens
    count = await client.tokenize(model, subject.messages, tokens=tokens)
    total = count.count if count else None
    begun = await context.text_of(beginning)
    return Fit(model, subject.messages, tokens=total, beginning=tokens, begun=begun)


def _subject(answer: Message) -> Subject:
    """ChatError where there is nothing to look at yet."""
    made = answer.generations.last()
    if answer.role != Message.Role.ASSISTANT:
        raise ChatError("Only a model's answer can be looked into.")
    if made is not None and made.is_live:
        raise ChatError("The answer is still being written. Wait for it or stop it.")
    tokens = made.answer_tokens if made else []
    if not tokens and not answer.text:
        raise ChatError("There is no text to look into.")
    return Subject(
        model=made.model if made else _present_model(answer),
        messages=_prompt(answer, made),
        settings=(made or answer.conversation).generation_settings,
        tokens=tokens,
        text=answer.text,
    )


def _prompt(answer: Message, made: Generation | None) -> list[ChatMessage]:
    """The prompt that was sent; the branch as it is now where none was, or a part of the answer
    was sent with it."""
    if made is not None and made.fitted and not made.continues_text:
        return [ChatMessage(**part) for part in made.prompt]
    turns = context.leading_to(answer.parent)
    return flatten(answer.conversation.system_prompt, rounds(turns))


def _present_model(answer: Message) -> str:
    return engines.preferred(async_to_sync(engines.models)(), answer.conversation.model)


def _asked(subject: Subject, **wanted: Any) -> dict[str, Any]:
    with _in_its_words():
        return async_to_sync(_ask)(subject, wanted)


async def _ask(subject: Subject, wanted: dict[str, Any]) -> dict[str, Any]:
    client = await _engine_of(subject.model)
    return await client.distribution(subject.model, subject.messages, **subject.answer, **wanted)


async def _engine_of(model: str) -> EngineClient:
    client = await engines.client_for(model)
    if not await client.has_extensions():
        raise ChatError(
            f"The lens needs an engine of this project; {model} is answered by another server."
        )
    return client


@contextmanager
def _in_its_words() -> Iterator[None]:
    """What the engine can't do is refused with its own sentence."""
    try:
        yield
    except EngineError as error:
        raise ChatError(str(error)) from error
