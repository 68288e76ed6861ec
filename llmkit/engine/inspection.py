"""Looking at an answer: one forward pass over its prompt and its tokens, apart from all others.

It has a KV cache of its own and is done in pieces, each between two steps of the running rows, so
it neither changes nor holds up what they write. Only a few rows of logits exist at a time.
"""

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch

from llmkit.engine.logprobs import Likelihood, likelihoods
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

logger = logging.getLogger(__name__)

PIECE = 64
MOST_LOGITS = 1 << 22
MOST_WAITING = 16


class Inspection:
    """Reads `prompt` and then `tokens` once. `step` belongs to the thread that runs the model.

    The logits are wanted from the end of the prompt on. What comes out is in `answer`; cancelling
    that future ends the work at the next step.
    """

    def __init__(self, loaded: "LoadedModel", prompt: Sequence[int], tokens: Sequence[int]) -> None:
        self.loaded = loaded
        self.answer: Future[Any] = Future()
        self._text = Encoded(loaded, prompt) if loaded.encoder_decoder else Decoded(loaded, prompt)
        self._read = [*self._text.begins, *tokens]
        self._first = len(self._text.begins) - 1
        self._done = 0

    def fail(self, error: Exception) -> None:
        with suppress(InvalidStateError):
            self.answer.set_exception(error)

    def step(self) -> bool:
        """Read a piece; True once nothing is left to do. Errors go into `answer`."""
        if self.answer.cancelled():
            return True
        try:
            self._read_piece()
        except Exception:
            logger.exception("Looking at an answer of %s failed", self.loaded.name)
            self.fail(EngineError("The engine failed while it looked at the answer. Try again."))
            return True
        if self._done < len(self._read):
            return False
        with suppress(InvalidStateError):
            self.answer.set_result(self._result())
        return True

    @torch.inference_mode()
    def _read_piece(self) -> None:
        start = self._done
        piece = self._read[start : start + self._room(start)]
        wanted = min(len(piece), start + len(piece) - self._first)
        logits = self._text.read(piece, max(1, wanted))
        self._done += len(piece)
        if wanted > 0:
            self._take(logits, self._done - wanted)

    def _room(self, start: int) -> int:
        """How many tokens to read: as many as there may be rows of logits, else a piece."""
        if start + PIECE <= self._first:
            return PIECE
        return max(1, min(PIECE, MOST_LOGITS // self.loaded.vocabulary))

    def _take(self, logits: torch.Tensor, at: int) -> None:
        """The logits that follow tokens `at`, `at` + 1 … of all that is read."""
        raise NotImplementedError

    def _result(self) -> Any:
        raise NotImplementedError


class AnswerInspection(Inspection):
    """How likely each token of an answer was: a list of `Likelihood`."""

    def __init__(
        self, loaded: "LoadedModel", prompt: Sequence[int], tokens: Sequence[int], top: int
    ) -> None:
        super().__init__(loaded, prompt, tokens[:-1])
        self._tokens = list(tokens)
        self._top = top
        self._found: list[Likelihood] = []

    def _take(self, logits: torch.Tensor, at: int) -> None:
        begin = at - self._first
        tokens = self._tokens[begin : begin + len(logits)]
        self._found += likelihoods(logits, tokens, self._top)

    def _result(self) -> list[Likelihood]:
        return self._found


class PlaceInspection(Inspection):
    """The logits [vocabulary] of the token that follows `tokens`: float32, on the CPU."""

    def __init__(self, loaded: "LoadedModel", prompt: Sequence[int], tokens: Sequence[int]) -> None:
        super().__init__(loaded, prompt, tokens)
        self._first = len(self._read) - 1
        self._logits = torch.empty(0)

    def _take(self, logits: torch.Tensor, at: int) -> None:
        self._logits = logits[-1].float().cpu()

    def _result(self) -> torch.Tensor:
        return self._logits


class Decoded:
    """A text that a decoder reads in pieces, the prompt like the rest of it."""

    def __init__(self, loaded: "LoadedModel", prompt: Sequence[int]) -> None:
        self.begins = list(prompt)
        self._loaded = loaded
        self._cache: Any = None

    def read(self, piece: Sequence[int], keep: int) -> torch.Tensor:
        """The last `keep` rows of logits after the next piece [keep, vocabulary]."""
        from transformers.cache_utils import DynamicCache

        model = self._loaded.model
        if self._cache is None:
            self._cache = DynamicCache(config=model.config.get_text_config())
        output = model(
            input_ids=row(piece, self._loaded),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: torch.Tensor = output.logits[0, -keep:]
        return logits


class Encoded:
    """A text whose prompt an encoder reads at once; the decoder begins with a token of its own."""

    def __init__(self, loaded: "LoadedModel", prompt: Sequence[int]) -> None:
        self.begins = [loaded.model.generation_config.decoder_start_token_id]
        self._loaded = loaded
        self._prompt = prompt
        self._read: Any = None
        self._cache: Any = None

    def read(self, piece: Sequence[int], keep: int) -> torch.Tensor:
        """As `Decoded.read`, of the answer alone."""
        from transformers.cache_utils import DynamicCache, EncoderDecoderCache

        model = self._loaded.model
        if self._read is None:
            self._read = model.get_encoder()(input_ids=row(self._prompt, self._loaded))
            self._cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        output = model(
            encoder_outputs=self._read,
            decoder_input_ids=row(piece, self._loaded),
            past_key_values=self._cache,
            use_cache=True,
        )
        logits: torch.Tensor = output.logits[0, -keep:]
        return logits


def row(tokens: Sequence[int], loaded: "LoadedModel") -> torch.Tensor:
    return torch.tensor([list(tokens)], device=loaded.device)


class InspectionQueue:
    """Looks that wait, done one after the other so that one KV cache at most is held for them.

    `put` may be called from any thread; the rest belongs to the one that runs the model.
    """

    def __init__(self) -> None:
        self._waiting: deque[Inspection] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, inspection: Inspection) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise EngineError("Too many answers are being looked at. Try again.", code="busy")
        self._waiting.append(inspection)

    def step(self) -> None:
        """A piece of the oldest."""
        if self._waiting and self._waiting[0].step():
            self._waiting.popleft()

    def fail_all(self, error: Exception) -> None:
        while self._waiting:
            self._waiting.popleft().fail(error)
