"""One task per answer: reads the engine's stream, stores each burst, then shows it.

Text is stored before it is shown, so whatever a person has seen survives `kill -9`, and a watcher
that joins the group before it reads the database can never meet a gap. See docs/decisions.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from contextvars import Context
from dataclasses import asdict, replace
from time import monotonic as now
from typing import Any
from uuid import UUID

from chat.markdown import render
from chat.models import Generation
from chat.services import context
from chat.services.context import Beginning
from chat.streaming import events, store
from chat.streaming.blocks import LONGEST_RENDERED, finished_end
from chat.streaming.database import in_database, pen
from llmkit.types import ChatMessage, Delta, EngineError, Finished, Loading, Queued, StreamEvent
from training import engines

BURST_SECONDS, LONGEST_BURST_SECONDS = 0.1, 0.5
REST = 3.0
HEARTBEAT_SECONDS = 5.0
PATIENCE_SECONDS = 90.0
RETRY_SECONDS = 1.0
STOP_GRACE_SECONDS = 2.0
END_TOLD_AGAIN_AFTER = (1, 2, 4, 8, 16, 30)
ANSWER_STATE = {
    "stop": Generation.State.DONE,
    "length": Generation.State.DONE,
    "cancelled": Generation.State.STOPPED,
}

WAIT = Generation.Wait

_running: dict[str, tuple["Producer", asyncio.Task[None]]] = {}


async def launch(generation_id: str) -> None:
    """Start producing what the database has under this id."""
    await start(await in_database(store.load, generation_id))


async def start(generation: Generation) -> None:
    """Start producing in this event loop; returns at once.

    The task outlives the request that started it, so it inherits nothing of it.
    """
    generation_id = str(generation.pk)
    producer = Producer(generation)
    task = asyncio.create_task(producer.run(), context=Context())
    _running[generation_id] = (producer, task)
    task.add_done_callback(lambda _: _running.pop(generation_id, None))


async def cancel(generation_id: str) -> None:
    """Tell every engine to drop the request; the one that has it frees its slot."""
    clients = await engines.every_client()
    await asyncio.gather(*(c.cancel(generation_id) for c in clients), return_exceptions=True)
    if generation_id in _running:
        _running[generation_id][0].stop_asked.set()


async def finish_own() -> None:
    """At shutdown: end what this process is writing as interrupted, with the text so far."""
    tasks = [task for _, task in _running.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Producer:
    """Drives one generation from its row to its end."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.conversation_id: UUID = generation.message.conversation_id
        self.end = generation.start
        self.shown_blocks = finished_end(generation.message.text)
        self.tail = generation.message.text[self.shown_blocks :]
        self.pending: list[Delta] = []
        self.news: dict[str, Any] = {}
        self.wake = asyncio.Event()
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stop_asked = asyncio.Event()
        self.finished: Finished | None = None
        self.asked_at: float | None = None
        self.first_text_at: float | None = None

    async def run(self) -> None:
        """Produce, and whatever happens leave the row in a final state."""
        with pen.held():
            await self._run()

    async def _run(self) -> None:
        try:
            await self._produce()
        except store.LostError:
            await cancel(str(self.generation.pk))
        except EngineError as error:
            await self._fail(error)
        except asyncio.CancelledError:
            await asyncio.shield(self._end(Generation.State.INTERRUPTED))
            raise
        except Exception:
            await self._end(
                Generation.State.FAILED,
                error="Something went wrong on the server. Its log says what; try again.",
            )
            raise

    async def _produce(self) -> None:
        heart = asyncio.create_task(self._beat())
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write(reader))
        try:
            await asyncio.wait((heart, writer), return_when=asyncio.FIRST_COMPLETED)
            if not writer.done():
                await asyncio.wait((reader,), timeout=STOP_GRACE_SECONDS)
        finally:
            heart.cancel()
            reader.cancel()
            self.wake.set()
            await asyncio.gather(heart, reader, writer, return_exceptions=True)
        for task in (heart, writer):
            if not task.cancelled():
                task.result()
        reason = self.finished.reason if self.finished else "cancelled"
        await self._end(ANSWER_STATE[reason], finish_reason=reason, **self._measures())

    def _measures(self) -> dict[str, Any]:
        """The engine's own counts and times; times by this clock where it gives none."""
        own = {
            "ttft_ms": self._since_start(self.first_text_at),
            "total_ms": self._since_start(now()),
        }
        told = asdict(self.finished) if self.finished else {}
        told.pop("reason", None)
        return own | {name: value for name, value in told.items() if value is not None}

    def _since_start(self, moment: float | None) -> float | None:
        """Milliseconds from the request to `moment`, None where either never came."""
        if moment is None or self.asked_at is None:
            return None
        return (moment - self.asked_at) * 1000

    async def _beat(self) -> None:
        """Renew the heartbeat until a stop is asked for, then return. The row is born with one."""
        asked = False
        while not asked:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop_asked.wait(), HEARTBEAT_SECONDS)
            asked = await pen.write(store.beat, self.generation)

    async def _read(self) -> None:
        """Take events as fast as the engine gives them; the writer stores what has gathered."""
        try:
            async with aclosing(self._events()) as stream:
                async for event in stream:
                    self._take(event)
        finally:
            self.wake.set()

    def _take(self, event: StreamEvent) -> None:
        if isinstance(event, Delta):
            self.first_text_at = self.first_text_at or now()
            text = event.text.replace("\x00", "\ufffd")
            self.pending.append(replace(event, text=text))
            if text and not self.begun.done():
                self.begun.set_result(None)
        elif isinstance(event, Queued):
            self.news = queued_at(event.position)
        elif isinstance(event, Loading):
            self.news = {**store.NOT_WAITING, "wait": WAIT.MODEL, "loaded": event.fraction}
        elif isinstance(event, Finished):
            self.finished = event
        self.wake.set()

    async def _events(self) -> AsyncGenerator[StreamEvent, None]:
        """The engine's stream; an engine that is not there yet is waited for a while."""
        deadline = now() + PATIENCE_SECONDS
        while True:
            try:
                await self._fit()
                self.asked_at = now()
                async for event in self._stream_once(
                    await engines.client_for(self.generation.model)
                ):
                    yield event
                return
            except EngineError as error:
                late = now() > deadline
                begun = bool(self.pending) or self.end > self.generation.start
                if error.code != "unreachable" or late or begun:
                    raise
                self._await_server()
                await asyncio.sleep(RETRY_SECONDS)

    def _await_server(self) -> None:
        """Tell, once, that nobody answers yet."""
        if self.generation.wait != WAIT.SERVER:
            self.news = {**store.NOT_WAITING, "wait": WAIT.SERVER}
            self.wake.set()

    async def _fit(self) -> None:
        """Cut the prompt to the window where sending it could not, and keep what was done."""
        generation = self.generation
        if generation.fitted:
            return
        turns = await in_database(store.turns, generation)
        fit = await context.fit_branch(
            generation.message.conversation,
            turns,
            continue_final=generation.continues_text,
            beginning=Beginning.of(generation),
        )
        generation.prompt, generation.fitted = [asdict(m) for m in fit.messages], True
        changes = {"prompt": generation.prompt, "fitted": True, "dropped": fit.dropped}
        changes["cuts"] = fit.cuts
        await in_database(store.beat, generation, **changes, model=fit.model)
        generation.model = fit.model
        if fit.cuts or fit.dropped:
            await events.publish(self.conversation_id, "thread", tab="")

    def _stream_once(self, client: Any) -> AsyncIterator[StreamEvent]:
        stream: AsyncIterator[StreamEvent] = client.stream_chat(
            self.generation.model,
            [ChatMessage(**part) for part in self.generation.prompt],
            self.generation.generation_settings,
            request_id=str(self.generation.pk),
            continue_final=self.generation.continues_text,
            tokens=self.generation.beginning,
        )
        return stream

    async def _write(self, reader: "asyncio.Task[None]") -> None:
        """Store and show what has gathered, until the end, at most once per BURST_SECONDS.

        Only the first text is shown at once, however short ago something else was told. Where many
        write at once and a burst is slow to store, more gathers for the next.
        """
        while not reader.done() or self.pending:
            await self.wake.wait()
            self.wake.clear()
            began = now()
            await self._flush(last=reader.done())
            if not reader.done():
                shown = self.end > self.generation.start
                ends = {reader} if shown else {reader, self.begun}
                rest = min(max(BURST_SECONDS, REST * (now() - began)), LONGEST_BURST_SECONDS)
                await asyncio.wait(ends, timeout=rest, return_when="FIRST_COMPLETED")
        if not reader.cancelled():
            reader.result()

    async def _flush(self, *, last: bool = False) -> None:
        """Store and show what has gathered. Tokens without a text wait for one, or for the end."""
        if self.news:
            await self._show_news()
        taken, text = len(self.pending), "".join(delta.text for delta in self.pending)
        if not text and not (last and taken):
            return
        tokens = [token for delta in self.pending for token in delta.tokens]
        burst = store.Burst(self.generation, self.end, text, tokens)
        await pen.write_with_others(store.append_each, burst)
        del self.pending[:taken]
        if not text:
            return
        at, self.end = self.end, self.end + len(text)
        await self._publish("delta", at=at, end=self.end, text=text)
        await self._show_blocks(text)

    async def _show_blocks(self, text: str) -> None:
        """Show the Markdown blocks that this burst has finished."""
        self.tail += text
        cut = finished_end(self.tail)
        if cut and cut <= LONGEST_RENDERED:
            at, self.shown_blocks = self.shown_blocks, self.shown_blocks + cut
            html, self.tail = render(self.tail[:cut]), self.tail[cut:]
            await self._publish("block", at=at, end=self.shown_blocks, html=html)

    async def _show_news(self) -> None:
        """Store and tell what the first word is waiting for."""
        changes, self.news = self.news, {}
        generation = self.generation
        await pen.write_with_others(store.tell_each, store.News(generation, changes))
        for name, value in changes.items():
            setattr(generation, name, value)
        await self._publish(
            "state",
            state=generation.state,
            position=generation.queue_position or 0,
            wait=generation.wait,
            status=generation.status,
            loaded=generation.loaded,
        )

    async def _fail(self, error: EngineError) -> None:
        broken = error.code == "interrupted" and self.end > self.generation.start
        state = Generation.State.INTERRUPTED if broken else Generation.State.FAILED
        reason = error.code if error.code == "too_long" else None
        await self._end(state, error=str(error), finish_reason=reason)

    async def _end(self, state: str, **facts: Any) -> None:
        """Store what is left and close the row; only then tell the watchers."""
        with suppress(store.LostError):
            await self._flush(last=True)
        mine = self.generation.producer
        await pen.write(store.finish, self.generation.pk, state, producer=mine, **facts)
        if not await self._publish("end", state=state):
            await self._tell_the_end_late(state)

    async def _tell_the_end_late(self, state: str) -> None:
        """Nothing follows an end that would show that it was missed; watchers come back to Redis a
        moment later than this, so it is told once more."""
        told = 0
        for seconds in END_TOLD_AGAIN_AFTER:
            await asyncio.sleep(seconds)
            told += await self._publish("end", state=state)
            if told == 2:
                return

    async def _publish(self, kind: str, **data: Any) -> bool:
        message = self.generation.message_id
        return await events.publish(self.conversation_id, kind, message=message, **data)


def queued_at(position: int) -> dict[str, Any]:
    """What is stored of a place in the queue: 0 means that it is this answer's turn."""
    state = Generation.State.QUEUED if position else Generation.State.RUNNING
    return {**store.NOT_WAITING, "queue_position": position or None, "state": state}
