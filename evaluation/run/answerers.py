"""Whoever answers: an engine over HTTP, many requests at once, or a model opened in this process.

An engine is preferred for writing texts: it is loaded already and batches what comes in flight.
How likely a text is can only be asked of a model in this process, which is exact and needs no
protocol that servers disagree about (docs/decisions/0017-evaluations.md).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from evaluation.run.errors import EvaluationError
from evaluation.run.spec import Spec
from llmkit.client import EngineClient
from llmkit.types import ChatMessage, Delta, EngineError, Finished, GenerationSettings
from training.run.errors import Stopped
from training.run.stopping import Stop

if TYPE_CHECKING:
    from llmkit.engine.many import OpenModel, Words

KEY = "EVALUATION_API_KEY"
PATIENCE = 6
BUSY_SECONDS = 2.0
ELSEWHERE = (
    "{name} is answered by another server. This benchmark reads how likely texts are, which needs "
    "a model on this machine."
)
Heard = Callable[[int, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Ask:
    """A text to be written: what follows `prompt`, or the next turn of `messages`."""

    settings: GenerationSettings
    prompt: str = ""
    messages: tuple[ChatMessage, ...] = ()


class Answerer(Protocol):
    """`heard` is told each answer's place and content as it comes."""

    where: str

    def write(self, asks: Sequence[Ask], heard: Heard, stop: Stop) -> None: ...
    def facts(self) -> dict[str, Any]: ...
    def close(self) -> None: ...


class EngineAnswerer:
    """A server that speaks OpenAI's dialect; `together` requests are on their way at once."""

    where = "engine"

    def __init__(self, url: str, model: str, spec: Spec) -> None:
        self.url, self.model, self.together = url, model, spec.together

    def client(self) -> EngineClient:
        return EngineClient(self.url, api_key=os.environ.get(KEY) or None)

    def has_model(self) -> bool:
        async def ask() -> bool:
            client = self.client()
            try:
                return self.model in await client.models()
            except EngineError:
                return False
            finally:
                await client.aclose()

        return asyncio.run(ask())

    def write(self, asks: Sequence[Ask], heard: Heard, stop: Stop) -> None:
        asyncio.run(self._write(asks, heard, stop))

    async def _write(self, asks: Sequence[Ask], heard: Heard, stop: Stop) -> None:
        client = self.client()
        turns = iter(enumerate(asks))

        async def work() -> None:
            for place, ask in turns:
                if stop.wanted:
                    return
                heard(place, await patiently(partial(self._one, client, ask)))

        workers = [asyncio.create_task(work()) for _ in range(self.together)]
        try:
            await watched(workers, stop)
        finally:
            await client.aclose()

    async def _one(self, client: EngineClient, ask: Ask) -> dict[str, Any]:
        pieces: list[str] = []
        async for event in self._events(client, ask):
            if isinstance(event, Delta):
                pieces.append(event.text)
            elif isinstance(event, Finished):
                return {
                    "text": "".join(pieces),
                    "reason": event.reason,
                    "prompt_tokens": event.prompt_tokens,
                    "completion_tokens": event.completion_tokens,
                }
        raise EngineError("The answer broke off. Try again.", code="interrupted")

    def _events(self, client: EngineClient, ask: Ask) -> AsyncIterator[Any]:
        if ask.messages:
            return client.stream_chat(self.model, ask.messages, ask.settings)
        return client.stream_text(self.model, ask.prompt, ask.settings)

    def facts(self) -> dict[str, Any]:
        return {"answered_by": "engine"}

    def close(self) -> None:
        """Nothing is held between requests."""


async def watched(workers: Sequence["asyncio.Task[None]"], stop: Stop) -> None:
    """Until all are done; a signal, or the first one that fails, ends the others."""
    waiting = set(workers)
    try:
        while waiting:
            done, waiting = await asyncio.wait(
                waiting, timeout=0.5, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
            if stop.wanted:
                raise Stopped
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def patiently(ask: Callable[[], Any]) -> dict[str, Any]:
    """A full queue or an engine that is being started again is waited for, a while."""
    for tried in range(PATIENCE):
        try:
            found: dict[str, Any] = await ask()
            return found
        except EngineError as error:
            passing = error.code in {"busy", "unreachable", "interrupted"}
            if not passing or tried == PATIENCE - 1:
                raise
            await asyncio.sleep(BUSY_SECONDS * (tried + 1))
    raise AssertionError("unreachable")


class OwnAnswerer:
    """The model opened in this process, when it is first needed."""

    where = "own process"

    def __init__(self, folder: str, open_model: "Callable[[Path], OpenModel]", name: str) -> None:
        self.folder, self._open, self.name = folder, open_model, name
        self._model: OpenModel | None = None

    @property
    def is_here(self) -> bool:
        """Whether its files are on this machine."""
        return bool(self.folder)

    @cached_property
    def _words(self) -> "Words":
        from llmkit.engine.many import words_of

        return words_of(self._path())

    @property
    def tokenizer(self) -> Any:
        """Without reading the weights."""
        return self._words.tokenizer

    @property
    def window(self) -> int:
        return self._words.window

    def exact_prompt(self, messages: Sequence[ChatMessage]) -> str:
        """The text that the model is given; empty where the model is not here."""
        return self._words.prompts.chat(messages).text if self.is_here and messages else ""

    def _path(self) -> Path:
        """EvaluationError where it lies elsewhere."""
        if not self.folder:
            raise EvaluationError(ELSEWHERE.format(name=self.name))
        return Path(self.folder)

    @property
    def model(self) -> "OpenModel":
        if self._model is None:
            self._model = self._open(self._path())
        return self._model

    def write(self, asks: Sequence[Ask], heard: Heard, stop: Stop) -> None:
        from llmkit.engine.many import Wanted

        wanted = [Wanted(ask.settings, ask.prompt, ask.messages) for ask in asks]
        for each in self.model.generate(wanted):
            told = {"text": each.text, "reason": each.reason, "prompt": each.prompt}
            counts = {
                "prompt_tokens": each.prompt_tokens,
                "completion_tokens": each.completion_tokens,
            }
            heard(each.place, {**told, **counts})
            if stop.wanted:
                raise Stopped

    def likelihoods(
        self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], heard: Heard, stop: Stop
    ) -> None:
        from llmkit.engine.likelihood import Pair

        asked = [Pair(place, *pair) for place, pair in enumerate(pairs)]
        for batch in self.model.likelihoods(asked):
            for each in batch:
                read = len(asked[each.place].context) + len(asked[each.place].continuation)
                answer = {"logprob": each.logprob, "greedy": each.greedy, "prompt_tokens": read}
                heard(each.place, answer)
            if stop.wanted:
                raise Stopped

    def facts(self) -> dict[str, Any]:
        precision = {"precision": self._model.precision} if self._model else {}
        return {"answered_by": "own process", **precision}

    def close(self) -> None:
        if self._model is not None:
            self._model.close()


def own_answerer(spec: Spec) -> OwnAnswerer:
    """The model on this machine, whether or not it will be needed."""
    adapter = spec.model.get("adapter")

    def opened(folder: Path) -> "OpenModel":
        from llmkit.engine.many import OpenModel

        return OpenModel(
            folder,
            adapter=Path(adapter) if adapter else None,
            threads=spec.threads,
            dtype=spec.precision,
            together=spec.together,
        )

    return OwnAnswerer(str(spec.model.get("path") or ""), opened, str(spec.model["name"]))


def writer_for(spec: Spec, own: OwnAnswerer) -> Answerer:
    """An engine that has the model; else the model here, where its likelihoods are read anyway."""
    if own.is_here and any(not each.task.writes for each in spec.tasks):
        return own
    for url in spec.engines:
        engine = EngineAnswerer(url, str(spec.model.get("asked_as") or spec.model["name"]), spec)
        if engine.has_model():
            return engine
    if not own.is_here:
        raise EvaluationError(f"No server answers for {spec.model['name']} now. Try again later.")
    return own
