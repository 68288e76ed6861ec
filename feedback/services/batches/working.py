"""A worker's side of a batch: claim the row, ask the models, end the row.

Prompts are taken in order, several at a time, so that each model has as many answers to write as
it has places; a prompt whose answers are all there becomes a task at once. Whatever ends the
worker, the next one asks only for the answers that are not stored.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from time import monotonic as now
from typing import ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db import OperationalError
from django.utils import timezone

from feedback.models import Batch, BatchPrompt
from feedback.rules.spreading import Slot
from feedback.services.batches import filing, making
from feedback.services.batches.answers import Column, Written, require_fit, seed_of, write
from feedback.services.batches.lines import Line, PausedError, lines_to
from llmkit.identity import identity
from llmkit.types import EngineError
from training import engines
from training.models import Job, JobLostError

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
TURN_SECONDS = 30.0
CHUNK = 64
DATABASE_PAUSES = (0.2, 1.0, 3.0, 6.0)


class StoppedError(Exception):
    """Someone asked for an end."""


async def db(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run in the worker's own thread, a few times while the database is busy or away."""
    for pause in DATABASE_PAUSES:
        try:
            return await sync_to_async(function)(*args, **kwargs)
        except OperationalError:
            await asyncio.sleep(pause)
    return await sync_to_async(function)(*args, **kwargs)


def run(*, batch_id: str, attempt: int, alone: bool = False) -> None:
    """Answer the batch's prompts, unless another worker has it or the attempt is an old one.

    `alone`: this process is nobody else's worker, so it makes room for no other work.
    """
    worker = identity()
    if not Batch.objects.claim(batch_id, attempt=attempt, worker=worker):
        return
    batch = Batch.objects.select_related("project").get(pk=batch_id)
    try:
        async_to_sync(_work)(batch, alone)
    except* JobLostError:
        log.warning("%s was taken over or ended elsewhere", batch)
    except* StoppedError:
        _end_early(batch, Job.State.CANCELLED, making.STOPPED)
    except* PausedError as errors:
        _end_early(batch, Job.State.FAILED, first_sentence(errors))


def _end_early(batch: Batch, state: str, sentence: str) -> None:
    with suppress(JobLostError):
        end(batch, state, sentence)


def first_sentence(errors: BaseException) -> str:
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return str(errors)


async def _work(batch: Batch, alone: bool) -> None:
    working = Working(batch, alone)
    try:
        await working.run()
    finally:
        await engines.close()
    await db(end if working.is_through else hand_over, batch)


def end(batch: Batch, state: str = Job.State.DONE, sentence: str = "") -> None:
    filing.touch(batch, state=state, error=sentence, phase="", ended_at=timezone.now())


def hand_over(batch: Batch) -> None:
    """Let others have the worker; the row is told of again behind them."""
    attempt = batch.attempt + 1
    filing.touch(batch, state=Job.State.WAITING, worker="", attempt=attempt, phase="")
    batch.attempt = attempt
    making.enqueue(batch)


def others_wait(batch: Batch) -> bool:
    """Whether other long work of any kind waits for a worker."""
    kinds = (kind for kind in Job.__subclasses__() if not kind._meta.abstract)
    return any(
        kind._default_manager.filter(state=Job.State.WAITING).exclude(pk=batch.pk).exists()
        for kind in kinds
    )


class Working:
    """One turn at a batch, in one event loop."""

    def __init__(self, batch: Batch, alone: bool) -> None:
        self.batch = batch
        self.alone = alone
        self.columns: list[Column] = filing.columns_of(batch)
        self.lines: list[Line] = []
        self.is_through = False
        self._draining = False
        self._fitting: set[tuple[int, str]] = set()

    async def run(self) -> None:
        """Until every prompt is made or failed, or others want the worker; `is_through` says."""
        async with asyncio.TaskGroup() as both:
            heart = both.create_task(self._beat())
            self.lines = await lines_to([column.model for column in self.columns])
            await self._answer_all()
            heart.cancel()
        self.is_through = not self._draining

    async def _beat(self) -> None:
        turn_ends = now() + TURN_SECONDS
        while True:
            if await db(self._heartbeat):
                raise StoppedError
            if not self.alone and now() > turn_ends and await db(others_wait, self.batch):
                self._draining = True
            await asyncio.sleep(BEAT_SECONDS)

    def _heartbeat(self) -> bool:
        trouble = next((line.trouble for line in self.lines if line.trouble), "")
        filing.touch(self.batch, phase=trouble[:200])
        return Batch.objects.filter(pk=self.batch.pk, cancel_requested=True).exists()

    async def _answer_all(self) -> None:
        places = sum(line.places for line in set(self.lines))
        at_work = asyncio.Semaphore(2 * places)
        async with asyncio.TaskGroup() as prompts:
            async for prompt in self._waiting():
                await at_work.acquire()
                if self._draining:
                    return
                task = prompts.create_task(self._answer(prompt))
                task.add_done_callback(lambda _: at_work.release())

    async def _waiting(self) -> AsyncIterator[BatchPrompt]:
        """In order; those taken already are passed over, as they may wait still."""
        order = BatchPrompt.objects.filter(batch=self.batch).waiting()
        keys = await db(lambda: list(order.values_list("pk", flat=True)))
        for at in range(0, len(keys), CHUNK):
            rows = await db(BatchPrompt.objects.in_bulk, keys[at : at + CHUNK])
            for key in keys[at : at + CHUNK]:
                yield rows[key]

    async def _answer(self, prompt: BatchPrompt) -> None:
        """All of its answers, then its task; or the sentence that says why not."""
        try:
            while slots := await db(filing.missing, self.batch, prompt):
                asked = (self._one(prompt, slot) for slot in slots)
                raise_worst(await asyncio.gather(*asked, return_exceptions=True))
                if self._draining:
                    return
            await db(filing.finish, self.batch, prompt)
        except EngineError as error:
            await db(filing.fail, self.batch, prompt, str(error))

    async def _one(self, prompt: BatchPrompt, slot: Slot) -> None:
        column = self.columns[slot.column]
        key = (prompt.prompt_hash, slot.column, slot.number, slot.attempt)
        seed = seed_of(self.batch.seed, *key)

        async def ask() -> Written | None:
            if self._draining:
                return None
            await self._require_fit(prompt, column)
            return await write(prompt.messages, column, seed)

        written = await self.lines[slot.column].ask(ask)
        if written is not None:
            await db(filing.store, self.batch, prompt, slot, written)

    async def _require_fit(self, prompt: BatchPrompt, column: Column) -> None:
        """Once for each prompt and model."""
        key = (prompt.pk, f"{column.model} {column.settings.max_tokens}")
        if key not in self._fitting:
            await require_fit(prompt.messages, column)
            self._fitting.add(key)


def raise_worst(results: list[BaseException | None]) -> None:
    """What concerns the whole batch goes before what concerns one prompt."""
    errors = [result for result in results if result is not None]
    errors.sort(key=lambda error: isinstance(error, EngineError))
    if errors:
        raise errors[0]
