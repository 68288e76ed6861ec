"""The database side of a generation: every write is fenced by "it is live and it is mine"."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from chat.models import Chunk, Generation, Message
from chat.services import context

NOT_WAITING: dict[str, Any] = {"queue_position": None, "wait": "", "loaded": None}


class LostError(Exception):
    """The row is no longer this producer's: it was ended by someone else."""


@dataclass(frozen=True)
class Snapshot:
    """A message as the database has it: all of its text, and whether more is coming."""

    message_id: int
    text: str
    state: str
    position: int | None
    wait: str = ""
    status: str = ""
    loaded: float | None = None


def _touch(generation_id: UUID, producer: str, **changes: Any) -> None:
    mine = Generation.objects.live().filter(pk=generation_id, producer=producer)
    if not mine.update(heartbeat_at=timezone.now(), **changes):
        raise LostError(str(generation_id))


def load(generation_id: str) -> Generation:
    return Generation.objects.select_related("message__conversation", "message__parent").get(
        pk=generation_id
    )


def turns(generation: Generation) -> list[context.Turn]:
    """The turns that lead to the answer, and its own text where it goes on from that."""
    message = generation.message
    last = message if generation.continues_text else message.parent
    return context.leading_to(last)


def beat(generation: Generation, **changes: Any) -> bool:
    """Renew the heartbeat, store changes; says whether a stop was asked for."""
    _touch(generation.pk, generation.producer, **changes)
    return Generation.objects.filter(pk=generation.pk, cancel_requested=True).exists()


@dataclass(frozen=True)
class Burst:
    """Text that begins at `start` of the message, with the ids of its tokens."""

    generation: Generation
    start: int
    text: str
    tokens: Sequence[int] = ()

    def chunk(self) -> Chunk:
        at = {"generation": self.generation, "start": self.start}
        return Chunk(**at, text=self.text, tokens=[*self.tokens])


def append(generation: Generation, start: int, text: str, tokens: Sequence[int] = ()) -> None:
    """Store a burst. Repeating the call after a lost connection stores it once."""
    _append_all([Burst(generation, start, text, tokens)])


def append_each(bursts: Sequence[Burst]) -> list[LostError | None]:
    """Bursts of several answers at the cost of one; what became of each.

    Where one is lost they are stored one by one, so that it takes no other with it.
    """
    try:
        _append_all(bursts)
    except LostError as error:
        return [error] if len(bursts) == 1 else [append_each([b])[0] for b in bursts]
    return [None] * len(bursts)


@transaction.atomic
def _append_all(bursts: Sequence[Burst]) -> None:
    ids, producer = {b.generation.pk for b in bursts}, bursts[0].generation.producer
    mine = Generation.objects.live().filter(pk__in=ids, producer=producer)
    writing = {"state": Generation.State.RUNNING, **NOT_WAITING}
    if mine.update(heartbeat_at=timezone.now(), **writing) < len(ids):
        raise LostError(", ".join(map(str, ids)))
    Chunk.objects.bulk_create(
        [
            Chunk(generation=b.generation, start=b.start, text=b.text, tokens=[*b.tokens])
            for b in bursts
        ],
        update_conflicts=True,
        unique_fields=["generation", "start"],
        update_fields=["text", "tokens"],
    )


@dataclass(frozen=True)
class News:
    """What an answer's first word waits for now."""

    generation: Generation
    changes: dict[str, Any]


@transaction.atomic
def tell_each(news: Sequence[News]) -> list[LostError | None]:
    """News of several answers at the cost of one transaction; what became of each."""
    return [_told(item) for item in news]


def _told(news: News) -> LostError | None:
    try:
        _touch(news.generation.pk, news.generation.producer, **news.changes)
    except LostError as error:
        return error
    return None


@transaction.atomic
def finish(generation_id: UUID, state: str, *, producer: str | None = None, **facts: Any) -> bool:
    """End a live generation and fold its chunks into the message; False if it had ended.

    With `producer` only that producer's row is ended: the reaper names none.
    """
    mine = Generation.objects.live().filter(pk=generation_id)
    if producer is not None:
        mine = mine.filter(producer=producer)
    facts = {k: v for k, v in facts.items() if v is not None}
    if not mine.update(state=state, ended_at=timezone.now(), **NOT_WAITING, **facts):
        return False
    _fold(generation_id)
    return True


def _fold(generation_id: UUID) -> None:
    """The chunks become the message's text; the database appends it to what is there."""
    chunks = Chunk.objects.filter(generation=generation_id)
    parts = list(chunks.values_list("text", "tokens"))
    if not parts:
        return
    text, tokens = "".join(text for text, _ in parts), [t for _, some in parts for t in some]
    messages = Message.objects.filter(generations=generation_id)
    messages.update(text=Concat("text", Value(text, output_field=TextField())))
    Generation.objects.filter(pk=generation_id).update(tokens=tokens)
    chunks.delete()


@transaction.atomic
def snapshot(message_id: int, conversations: Collection[UUID]) -> Snapshot | None:
    """Everything written so far of a message of these conversations, in one consistent read.

    The generation is locked first, so that it can't end between the text and its chunks.
    """
    made = Generation.objects.select_for_update().filter(message=message_id)
    latest = made.order_by("-created_at").first()
    message = Message.objects.filter(pk=message_id, conversation__in=conversations).first()
    if message is None:
        return None
    if latest is None or not latest.is_live:
        return Snapshot(message_id, message.text, latest.state if latest else "done", None)
    text = message.text + "".join(latest.chunks.values_list("text", flat=True))
    return Snapshot(
        message_id,
        text,
        latest.state,
        latest.queue_position,
        latest.wait,
        latest.status,
        latest.loaded,
    )
