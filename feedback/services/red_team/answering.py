"""Writing one answer of an attempt into its row, piece by piece, while the row waits for it."""

import logging
from contextlib import aclosing
from time import monotonic as now
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db.models import F
from django.utils import timezone

from feedback.models import Attempt
from feedback.services.batches.answers import Column, as_chat, require_fit
from llmkit.types import Delta, EngineError, Finished
from training import engines

log = logging.getLogger(__name__)
PIECE_SECONDS = 0.4
BEAT_SECONDS = 5.0
# A labeler does not learn which model or server it is, so the server's own sentences are not shown.
WORDS = {
    "too_long": "The dialogue has outgrown the model. Finish it, or give it up.",
    "busy": "The model is busy. Ask again in a moment.",
}
FAILED = "The model did not answer. Ask again in a while."
SILENT = "The model wrote nothing. Ask again."


class LeftError(Exception):
    """The row does not wait for this answer any more."""


def run(*, attempt_id: int, revision: int, seed: int) -> None:
    """Answer the attempt as it stands at `revision`; in a thread of its own."""
    try:
        _answer(attempt_id, revision, seed)
    except LeftError:
        log.info("Attempt %s went on without this answer", attempt_id)
    except Exception:
        log.exception("Attempt %s was not answered", attempt_id)
        _fail(attempt_id, revision, FAILED)


def run_in_thread(**arguments: Any) -> None:
    """`run`, which leaves no connection to the database behind."""
    try:
        run(**arguments)
    finally:
        connections.close_all()


def _answer(attempt_id: int, revision: int, seed: int) -> None:
    attempt = Attempt.objects.filter(pk=attempt_id, revision=revision, is_answering=True).first()
    if attempt is None:
        raise LeftError
    try:
        facts = async_to_sync(_stream)(attempt, seed)
    except EngineError as error:
        log.warning("%s: %s", attempt, error)
        _fail(attempt_id, revision, WORDS.get(error.code, FAILED))
        return
    if not facts["content"]:
        _fail(attempt_id, revision, SILENT)
        return
    messages = [*attempt.messages, facts]
    _store(attempt, messages=messages, is_answering=False, partial="", revision=F("revision") + 1)


async def _stream(attempt: Attempt, seed: int) -> dict[str, Any]:
    """The answer as a message with its facts; what is there so far goes into the row."""
    column = Column.from_dict({"model": attempt.model, "settings": attempt.settings})
    try:
        await require_fit(attempt.prompt, column)
        client = await engines.client_for(column.model)
        settings = column.settings.with_seed(seed)
        stream: Any = client.stream_chat(column.model, as_chat(attempt.prompt), settings)
        async with aclosing(stream):
            text, ended = await _followed(attempt, stream)
    finally:
        await engines.close()
    return {
        "role": "assistant",
        "content": text.strip(),
        "seed": seed,
        "tokens": ended.completion_tokens,
        "finish_reason": ended.reason,
    }


async def _followed(attempt: Attempt, stream: Any) -> tuple[str, Finished]:
    text, stored, told_at = "", "", 0.0
    async for event in stream:
        if isinstance(event, Finished):
            return text, event
        if isinstance(event, Delta):
            text += event.text.replace("\x00", "\ufffd")
        pause = PIECE_SECONDS if text != stored else BEAT_SECONDS
        if now() - told_at > pause:
            await sync_to_async(_store)(attempt, partial=text)
            stored, told_at = text, now()
    raise EngineError("The answer broke off.", code="interrupted")


def _store(attempt: Attempt, **changes: Any) -> None:
    mine = Attempt.objects.filter(pk=attempt.pk, revision=attempt.revision, is_answering=True)
    if not mine.update(heartbeat_at=timezone.now(), **changes):
        raise LeftError


def _fail(attempt_id: int, revision: int, sentence: str) -> None:
    mine = Attempt.objects.filter(pk=attempt_id, revision=revision, is_answering=True)
    mine.update(is_answering=False, partial="", error=sentence, revision=F("revision") + 1)
