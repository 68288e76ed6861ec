"""Asking models for answers to a prompt: one at a time, or as many as a ranking task needs.

Every answer has a seed that follows from the base seed, the prompt, the model's column and the
answer's number, so asking again gives the same answers.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from asgiref.sync import async_to_sync

from feedback.rules import texts
from feedback.services.batches.lines import PausedError, lines_to
from feedback.services.errors import FeedbackError
from feedback.services.tasks import NewAnswer
from llmkit.types import (
    ChatMessage,
    Delta,
    EngineError,
    Finished,
    GenerationSettings,
    SettingsError,
)
from training import engines

SEEDS = 2**31
Message = dict[str, str]


@dataclass(frozen=True)
class Column:
    """A model, or `model:adapter`, with its settings. Their seed is ignored: each answer has its
    own."""

    model: str
    settings: GenerationSettings = field(default_factory=GenerationSettings)

    def to_dict(self) -> dict[str, Any]:
        return {"model": self.model, "settings": self.settings.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Column":
        return cls(data["model"], GenerationSettings.from_dict(data["settings"]))


@dataclass(frozen=True)
class Written:
    """One answer with what made it. `tokens` is None where the server counts none."""

    text: str
    column: Column
    seed: int
    tokens: int | None
    finish_reason: str
    total_ms: float | None

    @property
    def as_new(self) -> NewAnswer:
        source = {
            "model": self.column.model,
            "settings": self.column.settings.with_seed(self.seed).to_dict(),
            "seed": self.seed,
            "tokens": self.tokens,
            "finish_reason": self.finish_reason,
        }
        return NewAnswer(self.text.strip(), source)


def answers_for(
    *,
    messages: Sequence[Message],
    columns: Sequence[Column],
    candidates: int,
    seed: int | None = None,
) -> list[NewAnswer]:
    """`candidates` answers for `feedback.services.tasks.add_task`, the columns taken in turn.

    Waits for the models: seconds to minutes, so no page should call it directly. Answers may be
    alike or empty. FeedbackError with the server's sentence where one cannot be had.
    """
    base = secrets.randbelow(SEEDS) if seed is None else seed
    try:
        return async_to_sync(_all)(messages, columns, candidates, base)
    except (EngineError, PausedError, SettingsError) as error:
        raise FeedbackError(str(error)) from error


async def _all(
    messages: Sequence[Message], columns: Sequence[Column], candidates: int, base: int
) -> list[NewAnswer]:
    key = texts.prompt_hash(messages)
    try:
        lines = await lines_to([column.model for column in columns])
        asked = []
        for number in range(candidates):
            at = number % len(columns)
            seed = seed_of(base, key, at, number)
            asked.append(lines[at].ask(partial(answer, messages, columns[at], seed)))
        return [written.as_new for written in await asyncio.gather(*asked)]
    finally:
        await engines.close()


def seed_of(base: int, prompt_hash: str, column: int, number: int, attempt: int = 0) -> int:
    """A number below SEEDS; `attempt` counts how often other answers had to be asked for."""
    name = f"{base}:{prompt_hash}:{column}:{number}:{attempt}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % SEEDS


async def answer(messages: Sequence[Message], column: Column, seed: int) -> Written:
    """One answer to a prompt that leaves room for it."""
    await require_fit(messages, column)
    return await write(messages, column, seed)


async def write(messages: Sequence[Message], column: Column, seed: int) -> Written:
    """One answer, whole. EngineError where it cannot be had or broke off."""
    client = await engines.client_for(column.model)
    settings = column.settings.validated().with_seed(seed)
    stream: Any = client.stream_chat(column.model, as_chat(messages), settings)
    pieces: list[str] = []
    asked_at = monotonic()
    ended: Finished | None = None
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, Delta):
                pieces.append(event.text.replace("\x00", "\ufffd"))
            elif isinstance(event, Finished):
                ended = event
    if ended is None or ended.reason == "cancelled":
        raise EngineError(f"The answer of {column.model} broke off.", code="interrupted")
    took = ended.total_ms or (monotonic() - asked_at) * 1000
    text = "".join(pieces)
    return Written(text, column, seed, ended.completion_tokens, ended.reason, took)


async def require_fit(messages: Sequence[Message], column: Column) -> None:
    """EngineError(too_long) where the prompt leaves the answer neither its tokens nor half the
    window. Servers that cannot count are trusted to say so themselves."""
    client = await engines.client_for(column.model)
    counted = await client.tokenize(column.model, as_chat(messages))
    if counted is None or not counted.max_model_len:
        return
    window = counted.max_model_len
    room = window - min(column.settings.max_tokens, window // 2)
    if counted.count > room:
        more = "" if counted.exact else "more than "
        raise EngineError(
            f"The prompt has {more}{counted.count:,} tokens; {column.model} has room for "
            f"{room:,}. Shorten it, or lower max new tokens.",
            code="too_long",
        )


def as_chat(messages: Sequence[Message]) -> list[ChatMessage]:
    return [ChatMessage(m["role"], m["content"]) for m in messages]  # type: ignore[arg-type]
