"""A model opened in the caller's own process for work that asks it thousands of things."""

import copy
import queue
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.engine.hub import EngineOptions, Served
from llmkit.engine.requests import Done, Failed, GenerationRequest, Text
from llmkit.engine.server import share_processor
from llmkit.types import ChatMessage, EngineError, FinishReason, GenerationSettings

if TYPE_CHECKING:
    from llmkit.engine.likelihood import Likely, Pair
    from llmkit.engine.loading import LoadedModel
    from llmkit.engine.prompt import PromptBuilder


@dataclass(frozen=True)
class Wanted:
    """A text to be written: after `prompt` as it stands, or as the next turn of `messages`."""

    settings: GenerationSettings
    prompt: str = ""
    messages: tuple[ChatMessage, ...] = ()


@dataclass(frozen=True)
class Generated:
    """`place` is that of what was wanted; `prompt` the exact text that the model read."""

    place: int
    text: str
    reason: FinishReason
    prompt: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Words:
    """How a model cuts texts into tokens and builds prompts; `window` is in tokens."""

    tokenizer: Any
    prompts: "PromptBuilder"
    window: int


def words_of(folder: Path) -> Words:
    """Without the weights. EngineError(model_failed) where the folder can't be read.

    Prompts are built by a copy: building them changes the tokenizer's state."""
    from llmkit.engine.loading import read_tokenizer

    tokenizer, prompts, window = read_tokenizer(folder)
    return Words(copy.deepcopy(tokenizer), prompts, window)


class OpenModel:
    """Texts are written by in-flight batching, `together` at a time; EngineError as the engine's.

    `adapter` is a folder over the model in `folder`. The weights are read when they are first
    needed: as they are for likelihoods, packed for decoding once a text is to be written. One of
    the two is held at a time, and packed ones are read with, too. `close` frees what it holds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        adapter: Path | None = None,
        threads: int = 1,
        dtype: str | None = None,
        together: int = 8,
    ) -> None:
        share_processor(threads)
        self.folder, self.adapter, self.together = folder, adapter, together
        self.options = EngineOptions(
            threads, max_running=together, max_waiting=2 * together, dtype=dtype
        )
        self._served: Served | None = None
        self._reader: LoadedModel | None = None

    @property
    def served(self) -> Served:
        from llmkit.engine.opening import open_model

        if self._served is None:
            self._reader = None
            served = open_model(self.folder, self.options)
            self._served = replace(served, loaded=self._adapted(served.loaded))
        return self._served

    @property
    def reader(self) -> "LoadedModel":
        import torch

        from llmkit.engine.loading import load_model

        if self._served is not None:
            return self._served.loaded
        if self._reader is None:
            torch.set_num_threads(self.options.threads)
            plain = load_model(self.folder, dtype=self.options.dtype, decodes=False)
            self._reader = self._adapted(plain)
        return self._reader

    def _adapted(self, loaded: "LoadedModel") -> "LoadedModel":
        from llmkit.engine.adapters import open_adapter

        return loaded if self.adapter is None else open_adapter(loaded, self.adapter)

    @property
    def precision(self) -> str:
        return self.reader.precision

    def likelihoods(self, pairs: "Sequence[Pair]") -> "Iterator[list[Likely]]":
        """Batch by batch; see llmkit/engine/likelihood.py."""
        from llmkit.engine.likelihood import log_likelihoods

        return log_likelihoods(self.reader, pairs)

    def generate(self, wanted: Sequence[Wanted]) -> Iterator[Generated]:
        """In the order in which they end. Leaving the iterator cancels what has not."""
        running = _Running(self.served)
        try:
            for place, each in enumerate(wanted):
                if len(running) >= self.together:
                    yield running.next_ended()
                running.begin(place, each)
            while len(running):
                yield running.next_ended()
        finally:
            running.cancel()

    def close(self) -> None:
        if self._served is not None:
            self._served.backend.close()


class _Running:
    """Requests that the backend works on, and their events."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.events: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self.requests: dict[int, GenerationRequest] = {}
        self.prompts: dict[int, str] = {}
        self.pieces: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self.requests)

    def begin(self, place: int, wanted: Wanted) -> None:
        prompt = self.served.check_length(self.served.prompt(wanted.messages, wanted.prompt))
        request = GenerationRequest(
            f"many-{place}",
            [prompt.tokens],
            wanted.settings.validated(),
            lambda event: self.events.put((place, event)),
            loaded=self.served.loaded,
        )
        self.requests[place], self.prompts[place], self.pieces[place] = request, prompt.text, []
        self.served.backend.submit(request)

    def next_ended(self) -> Generated:
        while True:
            place, event = self.events.get()
            if isinstance(event, Text):
                self.pieces[place].append(event.text)
            elif isinstance(event, Failed):
                raise event.error
            elif isinstance(event, Done):
                return self._ended(place, event.reason)

    def _ended(self, place: int, reason: FinishReason) -> Generated:
        request = self.requests.pop(place)
        text, prompt = "".join(self.pieces.pop(place)), self.prompts.pop(place)
        counts = request.prompt_tokens, request.completion_tokens
        if reason == "cancelled":
            raise EngineError("The answer was cancelled.", code="interrupted")
        return Generated(place, text, reason, prompt, *counts)

    def cancel(self) -> None:
        for request in self.requests.values():
            request.cancel()
