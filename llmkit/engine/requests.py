"""What the scheduler works on: a request, its choices, and the events it answers with."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmkit.engine.text import Writer
from llmkit.types import EngineError, FinishReason, GenerationSettings

if TYPE_CHECKING:
    import torch

    from llmkit.engine.loading import LoadedModel
    from llmkit.engine.logprobs import Likelihood


LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Position:
    """Place in the queue: 1 is next, 0 means running."""

    position: int


@dataclass(frozen=True)
class Written:
    """A token of an answer. `likelihood` where it was asked for; `ends`: it ended the turn."""

    id: int
    likelihood: "Likelihood | None" = None
    ends: bool = False


@dataclass(frozen=True)
class Text:
    """New text, and the tokens that were written since the last one; either may be empty.

    A token whose character or stop string is not complete yet comes with the text it completes.
    """

    choice: int
    text: str
    tokens: tuple[Written, ...] = ()


@dataclass(frozen=True)
class Done:
    """A choice has ended; the request is over when all of its choices have."""

    choice: int
    reason: FinishReason


@dataclass(frozen=True)
class Failed:
    error: EngineError


RequestEvent = Position | Text | Done | Failed
Sink = Callable[[RequestEvent], None]


@dataclass(eq=False)
class Choice:
    """One sequence of a request: a row of the running batch once it has been admitted."""

    request: "GenerationRequest" = field(repr=False)
    index: int
    prompt: list[int]
    seed: int
    limit: int
    writer: Writer
    tokens: list[int] = field(default_factory=list)
    filled: int = 0
    finished: FinishReason | None = None
    seen: "torch.Tensor | None" = None
    untold: list[Written] = field(default_factory=list)

    @property
    def prompt_done(self) -> bool:
        return self.filled >= len(self.prompt)


class GenerationRequest:
    """A validated request. Events go to `sink`, which must return at once.

    `prompts` are token ids; each is answered `n` times, with seed, seed + 1 and so on. A seed that
    was not asked for is drawn here. `loaded` is the model, or the model with an adapter, to answer.
    Every answer begins with the tokens of `beginning` and tells only what follows them. `logprobs`
    is how many alternatives to tell with each log probability, None to tell none of it.
    """

    def __init__(
        self,
        request_id: str,
        prompts: list[list[int]],
        settings: GenerationSettings,
        sink: Sink,
        *,
        loaded: "LoadedModel",
        n: int = 1,
        beginning: Sequence[int] = (),
        logprobs: int | None = None,
    ) -> None:
        self.id = request_id
        self.beginning = list(beginning)
        self.logprobs = logprobs
        self.settings = settings
        self.sink = sink
        self.loaded = loaded
        self._seed = secrets.randbelow(LARGEST_SEED) if settings.seed is None else settings.seed
        self.choices = [
            self._choice(i * n + j, prompt, j, loaded)
            for i, prompt in enumerate(prompt + self.beginning for prompt in prompts)
            for j in range(n)
        ]
        self.started = time.monotonic()
        self.first_token: float | None = None
        self.ended: float | None = None
        self._position: int | None = None
        self._cancelled = threading.Event()

    def tell_position(self, position: int) -> None:
        """Emit the place in the queue when it is news."""
        if position != self._position:
            self._position = position
            self.sink(Position(position))

    def _choice(self, index: int, prompt: list[int], offset: int, loaded: "LoadedModel") -> Choice:
        limit = min(self.settings.max_tokens, loaded.room(len(prompt), len(self.beginning)))
        writer = Writer(loaded.detokeniser(), self.settings.stop, self.beginning)
        return Choice(self, index, prompt, self._seed + offset, limit, writer)

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def prompt_tokens(self) -> int:
        return sum(
            len(prompt) for prompt in {id(c.prompt): c.prompt for c in self.choices}.values()
        )

    @property
    def completion_tokens(self) -> int:
        return sum(len(choice.tokens) for choice in self.choices)

    @property
    def over(self) -> bool:
        return all(choice.finished for choice in self.choices)

    def timings(self) -> dict[str, float | None]:
        """Milliseconds since the request was made: to the first token, and to the last."""
        ended = self.ended or time.monotonic()
        first = None if self.first_token is None else (self.first_token - self.started) * 1000
        return {
            "ttft_ms": None if first is None else round(first, 1),
            "total_ms": round((ended - self.started) * 1000, 1),
        }


def stopped() -> EngineError:
    return EngineError("The engine is stopping. Try again in a moment.", code="interrupted")


def requests_of(choices: Iterable[Choice]) -> list[GenerationRequest]:
    return list(dict.fromkeys(choice.request for choice in choices))
