"""Documents inside a prompt: marked off from the question, and cut where they don't fit."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from llmkit.types import ChatMessage

CHARACTERS_PER_TOKEN = 4
MEASURED = 2_000_000
WORD = 60
SLACK = 200
GUESSES = 6
CUT = "[The rest of the document does not fit and is left out.]"


@dataclass(frozen=True)
class Enclosure:
    """A document as a turn carries it into the prompt."""

    id: str
    name: str
    text: str

    def beginning(self, limit: int) -> str:
        """At most `limit` characters of the text, ended after a word."""
        if len(self.text) <= limit:
            return self.text
        cut = self.text[: limit + 1]
        at = max(cut.rfind(" "), cut.rfind("\n"))
        return cut[: at if at >= limit - WORD else limit].rstrip()

    def block(self, limit: int) -> str:
        """The text between tags that it does not itself contain; nothing where nothing fits."""
        text = self.beginning(limit)
        if not text:
            return ""
        rest = "" if len(text) == len(self.text) else f"\n{CUT}"
        tag = free_tag(text)
        name = self.name.replace('"', "'")
        return f'<{tag} name="{name}">\n{text}{rest}\n</{tag}>'

    def cut(self, limit: int) -> dict[str, Any] | None:
        """What was sent of a document that was cut, for the record; None for a whole one."""
        text = self.beginning(limit)
        if len(text) == len(self.text):
            return None
        return {
            "document": self.id,
            "name": self.name,
            "characters": len(text),
            "words": len(text.split()),
            "of": len(self.text.split()),
        }


def free_tag(text: str) -> str:
    """A tag's name that the text can't close, whatever it says."""
    tag, number = "document", 1
    while f"</{tag}>" in text:
        number += 1
        tag = f"document-{number}"
    return tag


def enclose(
    messages: Sequence[ChatMessage], documents: Sequence[Enclosure], limit: int
) -> list[ChatMessage]:
    """A turn's messages with its documents before the person's last words."""
    blocks = [block for document in documents if (block := document.block(limit))]
    if not blocks:
        return list(messages)
    *before, last = messages
    return [*before, ChatMessage(last.role, "\n\n".join([*blocks, last.content]))]


def cuts(documents: Sequence[Enclosure], limit: int) -> list[dict[str, Any]]:
    return [cut for document in documents if (cut := document.cut(limit))]


def measured_limit(documents: Sequence[Enclosure]) -> int:
    """Characters of each document worth measuring: no window holds more than MEASURED in all."""
    longest = max((len(document.text) for document in documents), default=0)
    return min(longest, MEASURED // max(1, len(documents)))


class Measured(Protocol):
    @property
    def tokens(self) -> int | None: ...
    @property
    def is_exact(self) -> bool: ...


F = TypeVar("F", bound=Measured)


async def largest(
    measure: Callable[[int], Awaitable[F]],
    documents: Sequence[Enclosure],
    *,
    bare: F,
    room: int,
) -> F:
    """The prompt with the most of each document that `room` tokens allow.

    `bare` is the prompt without documents, which fits. Each document gets the same number of
    characters, short ones are whole. The first guesses follow the tokens per character seen so
    far, later ones halve; every prompt is counted, so the result never exceeds the room, and it
    leaves at most 1/SLACK of it unused.
    """
    low, high, best = 0, measured_limit(documents) + 1, bare
    slack, start = max(4, room // SLACK), bare.tokens or 0
    rate = 1 / CHARACTERS_PER_TOKEN
    guesses = 0
    while high - low > 1 and room - (best.tokens or 0) > slack:
        still_cut = max(1, sum(len(document.text) > low for document in documents))
        left = room - slack // 2 - (best.tokens or 0)
        limit = low + int(left / rate / still_cut)
        if guesses >= GUESSES or not low < limit < high:
            limit = (low + high) // 2
        found, guesses = await measure(limit), guesses + 1
        taken = sum(len(document.beginning(limit)) for document in documents)
        if found.is_exact and (found.tokens or 0) > start and taken:
            rate = ((found.tokens or 0) - start) / taken
        if (found.tokens or 0) <= room:
            low, best = limit, found
        else:
            high = limit
    return best
