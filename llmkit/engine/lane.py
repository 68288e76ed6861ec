"""The running rows of one model, with the adapters in its company or one of the others.

Rows 0..B-1 of the cache are the decoding choices in the order of `rows`; one choice whose prompt is
partly read may sit behind them, in row B.
"""

from collections.abc import Callable

import torch

from llmkit.engine.backends.writing import draw_of, end, seen_by, take
from llmkit.engine.cache import round_up
from llmkit.engine.logprobs import likelihoods_of
from llmkit.engine.requests import Choice
from llmkit.engine.runner import PREFILL_PIECE, Runner, common_beginning
from llmkit.engine.sampling import sample

PREFILL_BUDGET = 256


class Lane:
    """Reads prompts and appends tokens for the choices that share one set of weights."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.loaded = runner.loaded
        self.rows: list[Choice] = []
        self.reading: Choice | None = None

    @property
    def held(self) -> list[Choice]:
        return [*self.rows, *([self.reading] if self.reading else [])]

    def read_prompts(self, admit: Callable[[], Choice | None], *, others_wait: bool) -> None:
        """Read prompts up to a budget; one piece a step while others wait for their token.

        Pieces end at multiples of PREFILL_PIECE: unless a beginning is taken over, a prompt's
        arithmetic is the same whatever else runs.
        """
        budget = PREFILL_PIECE if self.rows or others_wait else PREFILL_BUDGET
        while budget > 0 and (choice := self.reading or admit()):
            budget -= self._read_piece(choice)

    def begin(self, choice: Choice) -> None:
        """Give it the row behind the others. Nothing else may be being read.

        It takes over what a running row has read of the same beginning: what reading would have
        written, to rounding.
        """
        self.reading = choice
        choice.seen = seen_by(choice)
        shared = [shared_tokens(choice, other) for other in self.rows]
        choice.filled = max(shared, default=0)
        if choice.filled:
            self.runner.copy_prefix(shared.index(choice.filled), len(self.rows), choice.filled)

    def _read_piece(self, choice: Choice) -> int:
        """Read the next piece of the choice's prompt; the number of tokens."""
        end = round_up(choice.filled + 1, PREFILL_PIECE)
        piece = choice.prompt[choice.filled : end]
        logits = self.runner.prefill(len(self.rows), piece, choice.filled, choice.request.loaded)
        choice.filled += len(piece)
        if choice.prompt_done:
            self.reading = None
            self.rows.append(choice)
            self._accept([choice], logits)
        return len(piece)

    def append_tokens(self) -> None:
        rows = list(self.rows)
        tokens = [choice.tokens[-1] for choice in rows]
        who = [choice.request.loaded for choice in rows]
        logits = self.runner.decode(tokens, [choice.filled for choice in rows], who)
        for choice in rows:
            choice.filled += 1
        self._accept(rows, logits)

    def _accept(self, rows: list[Choice], logits: torch.Tensor) -> None:
        with torch.inference_mode():
            tokens = sample(logits, [draw_of(choice) for choice in rows])
            looked = likelihoods_of(rows, logits, tokens)
        for choice, token, likelihood in zip(rows, tokens, looked, strict=True):
            reason = take(choice, token, likelihood)
            if reason is not None:
                self.leave(choice)
                end(choice, reason)

    def leave(self, choice: Choice) -> None:
        """Free its row: the last decoding row fills the hole, the one being read follows."""
        if choice is self.reading:
            self.reading = None
        elif choice in self.rows:
            hole, last = self.rows.index(choice), len(self.rows) - 1
            self.rows[hole] = self.rows[last]
            self.rows.pop()
            if hole != last:
                self.runner.move_row(last, hole, self.rows[hole].filled)
            if self.reading is not None:
                self.runner.move_row(last + 1, last, self.reading.filled)

    def let_go(self) -> list[Choice]:
        """Forget everything it holds; those choices."""
        held, self.rows, self.reading = self.held, [], None
        self.runner.release()
        return held


def shared_tokens(choice: Choice, other: Choice) -> int:
    """How many tokens to take over: an adapter reads the same text to other keys and values."""
    if choice.request.loaded is not other.request.loaded:
        return 0
    return common_beginning(choice.prompt, other.prompt)
