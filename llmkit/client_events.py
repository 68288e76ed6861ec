"""What a model server's answers hold: events of a stream, and errors in words for people."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx

from llmkit.types import (
    Delta,
    EngineError,
    Finished,
    FinishReason,
    Loading,
    Queued,
    StreamEvent,
)

CODES = {
    "invalid",
    "too_long",
    "busy",
    "in_use",
    "model_not_found",
    "model_failed",
    "interrupted",
}
CODE_OF_STATUS = {
    400: "invalid",
    401: "refused",
    403: "refused",
    404: "model_not_found",
    409: "in_use",
    422: "invalid",
    429: "busy",
}
LOADING = ": loading"
REASONS = {"stop", "length", "cancelled"}


async def read_events(response: httpx.Response) -> AsyncIterator[StreamEvent]:
    """Events of a server-sent stream. EngineError(interrupted) when it ends without a reason.

    Usage may come with the last choice (our engine) or in a chunk after it (OpenAI), so Finished
    waits for the end of the stream.
    """
    reason: str | None = None
    counts: dict[str, Any] = {}
    async for line in response.aiter_lines():
        if (position := queue_position(line)) is not None:
            yield Queued(position)
        elif line.startswith(LOADING):
            yield Loading(fraction_of(line.removeprefix(LOADING).strip()))
        elif line.startswith("data:") and (data := line[5:].strip()) != "[DONE]":
            chunk = as_object(data)
            raise_error_in(chunk)
            counts |= (chunk.get("usage") or {}) | (chunk.get("timings") or {})
            delta, ended = first_choice(chunk)
            reason = ended or reason
            if delta.text or delta.tokens:
                yield delta
    if reason is None:
        raise interrupted()
    yield finished(reason, counts)


def queue_position(line: str) -> int | None:
    _, found, number = line.partition(": queue-position ")
    return int(number) if found and number.strip().isdigit() else None


def fraction_of(text: str) -> float | None:
    """A number from 0 to 1, None for anything else."""
    with contextlib.suppress(ValueError):
        return min(max(float(text), 0.0), 1.0)
    return None


def first_choice(chunk: Mapping[str, Any]) -> tuple[Delta, str | None]:
    """The text with its token ids, and the finish reason, that a chunk brings for choice 0."""
    for choice in chunk.get("choices") or []:
        if choice.get("index", 0) == 0:
            text = (choice.get("delta") or {}).get("content") or choice.get("text") or ""
            tokens = tuple(choice.get("token_ids") or ())
            return Delta(text, tokens), choice.get("finish_reason")
    return Delta(""), None


def finished(reason: str, counts: Mapping[str, Any]) -> Finished:
    known = cast(FinishReason, reason if reason in REASONS else "stop")
    names = ("prompt_tokens", "completion_tokens", "ttft_ms", "total_ms")
    return Finished(known, **{name: counts.get(name) for name in names})


def as_object(text: str) -> dict[str, Any]:
    """A JSON object; empty when the text is something else, as some servers' /health is."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def raise_error_in(chunk: Mapping[str, Any]) -> None:
    error = chunk.get("error")
    if error:
        details = error if isinstance(error, dict) else {"message": str(error)}
        raise described(details, 500)


def error_of(response: httpx.Response) -> EngineError:
    error = as_object(response.text).get("error")
    details = error if isinstance(error, dict) else {}
    if not details.get("message"):
        reason = error if isinstance(error, str) else response.reason_phrase
        details = {"message": f"The model server answered {response.status_code}: {reason}."}
    return described(details, response.status_code)


def described(details: Mapping[str, Any], status: int) -> EngineError:
    code = details.get("code")
    named = code if code in CODES else CODE_OF_STATUS.get(status, "engine_error")
    return EngineError(str(details.get("message") or "The model server failed."), code=str(named))


def interrupted() -> EngineError:
    return EngineError("The answer broke off. Continue it or write it again.", code="interrupted")
