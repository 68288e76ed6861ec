"""What each column would send for a question, counted all at once and changing nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import Column, Conversation
from chat.services import asking, context
from chat.services.context import ChatError, Turn
from llmkit.types import ChatMessage, EngineError


@dataclass(frozen=True)
class Prompt:
    """One column's turns for a question, or the sentence that says why there are none."""

    conversation: Conversation
    turns: Sequence[Turn]
    refusal: str = ""


@dataclass(frozen=True)
class Measured:
    """`tokens` is None where the column can't be asked this; `refusal` says why."""

    tokens: int | None = None
    window: int | None = None
    estimate: bool = False
    dropped: int = 0
    messages: Sequence[ChatMessage] = ()
    rendered: str | None = None
    refusal: str = ""


def prompts_for(columns: Sequence[Column], text: str) -> list[Prompt]:
    return [_prompt(column, text) for column in columns]


async def measure_all(prompts: Sequence[Prompt]) -> list[Measured]:
    return await asyncio.gather(*(measure(prompt) for prompt in prompts))


async def measure(prompt: Prompt) -> Measured:
    """By `context.fit`, as sending does it."""
    if prompt.refusal:
        return Measured(refusal=prompt.refusal)
    try:
        fit = await context.fit_branch(prompt.conversation, prompt.turns)
    except EngineError as error:
        return Measured(refusal=str(error))
    return Measured(
        fit.tokens, fit.window, fit.estimate, len(fit.dropped), fit.messages, fit.rendered
    )


def _prompt(column: Column, text: str) -> Prompt:
    conversation = column.conversation
    try:
        turn = asking.turn_for(column, text, asking.waiting(column.comparison))
        asked = turn.unsaved(conversation, conversation.leaf)
        turns = [*context.before(asked), turn.as_turn(asked)]
    except ChatError as error:
        return Prompt(conversation, [], str(error))
    return Prompt(conversation, turns)
