"""Prompts that are so short that they surely fit, so that sending them waits for no count.

What a model's window is, and how much its chat template adds to the words, is remembered from the
last count. A wrong guess would cost nothing but the engine's own sentence that the prompt is too
long; the guess is made so that it is not wrong.

How many rounds a conversation had to leave out is remembered as well: the next prompt leaves out as
many or one more, which two counts tell where a search from nothing takes half a dozen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from llmkit.types import ChatMessage

FRESH_SECONDS = 300.0
MOST_PER_LETTER = 40
SPARE = 256
MOST_REMEMBERED = 256
MOST_BRANCHES = 4096


class Room(NamedTuple):
    """`most`: no fewer tokens than the prompt has."""

    window: int
    most: int


@dataclass(frozen=True)
class Known:
    """`around`: characters that the chat template added around `messages` messages."""

    window: int
    around: int
    messages: int
    since: float

    def most(self, messages: Sequence[ChatMessage]) -> int:
        """No fewer tokens than these messages can have, with what the template adds twice over:
        one that was counted with a system message may bring its own where there is none."""
        times = max(1, -(-len(messages) // max(1, self.messages)))
        return sum(most_tokens(m.content) for m in messages) + 2 * self.around * times + SPARE


_known: dict[str, Known] = {}
_left_out: dict[int, int] = {}


def most_tokens(text: str) -> int:
    """A token stands for a byte at least. Some tokenizers rewrite letters beyond ASCII first,
    one of them as eighteen others at the very most (Unicode's NFKC), of up to two bytes each."""
    return len(text) if text.isascii() else len(text) * MOST_PER_LETTER


def remember(
    model: str, messages: Sequence[ChatMessage], window: int | None, rendered: str | None
) -> None:
    """Keep what a count has told; one that was given up says nothing."""
    if window is None or rendered is None:
        return
    if len(_known) >= MOST_REMEMBERED:
        _known.clear()
    around = max(0, len(rendered) - sum(len(m.content) for m in messages))
    _known[model] = Known(window, around, len(messages), monotonic())


def window_for(model: str, messages: Sequence[ChatMessage]) -> Room | None:
    """None for a model that was not counted with lately."""
    known = _known.get(model)
    if known is None or monotonic() - known.since > FRESH_SECONDS:
        return None
    return Room(known.window, known.most(messages))


def remember_left_out(first: int | None, rounds: int) -> None:
    """So many of the oldest rounds did not fit, of the branch that begins with this message."""
    if first is None:
        return
    if len(_left_out) >= MOST_BRANCHES:
        _left_out.clear()
    _left_out[first] = rounds


def left_out(first: int | None) -> int:
    return _left_out.get(first, 0) if first is not None else 0


def forget() -> None:
    _known.clear()
    _left_out.clear()
