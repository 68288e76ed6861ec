"""Turning token ids into text while they arrive: whole characters, and never a stop string."""

import codecs
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

REPLACEMENT = "\ufffd"
MOST_HELD = 16


class Detokeniser(Protocol):
    """Gives out text as soon as its characters are complete."""

    def push(self, token: int) -> str: ...

    def flush(self) -> str: ...


@lru_cache(1)
def byte_of_character() -> dict[str, int]:
    """The byte each stand-in character of byte-level BPE means (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    pairs = [(chr(b), b) for b in printable]
    return dict(pairs + [(chr(256 + i), b) for i, b in enumerate(others)])


class ByteTable:
    """The bytes of every token of a byte-level tokenizer; special tokens have none."""

    def __init__(self, tokenizer: Any) -> None:
        added, special = tokenizer.added_tokens_decoder, set(tokenizer.all_special_ids)
        self._bytes = {
            index: token.encode() if index in added else token_bytes(token)
            for token, index in tokenizer.get_vocab().items()
            if index not in special
        }

    def __getitem__(self, token: int) -> bytes:
        return self._bytes.get(token, b"")


def token_bytes(token: str) -> bytes:
    table = byte_of_character()
    try:
        return bytes(table[char] for char in token)
    except KeyError:
        return token.encode()


class ByteDetokeniser:
    """Byte-level BPE: an incremental UTF-8 decoder over the tokens' bytes."""

    def __init__(self, table: "ByteTable | Sequence[bytes]") -> None:
        self._table = table
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token: int) -> str:
        return self._decoder.decode(self._table[token])

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)


class WindowDetokeniser:
    """Any other tokenizer: decode a window of ids and give out what the last ones added.

    Decoding a token alone would lose the leading space of a sentencepiece word and cut a
    character spelled in byte-fallback tokens, hence the window with earlier ids in front.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._shown = 0

    def push(self, token: int) -> str:
        self._ids.append(token)
        text = self._new_text()
        cut = text.endswith(REPLACEMENT) and len(self._ids) - self._shown < MOST_HELD
        return "" if cut or not text else self._give(text)

    def flush(self) -> str:
        return self._give(self._new_text())

    def _new_text(self) -> str:
        before = self._decode(self._ids[: self._shown])
        return self._decode(self._ids)[len(before) :]

    def _give(self, text: str) -> str:
        self._ids = self._ids[self._shown :]
        self._shown = len(self._ids)
        return text


class StopGuard:
    """Passes text on, but never a stop string nor a beginning that may still become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """Text that may be shown, and whether a stop string was completed."""
        self._held += text
        ends = [(at + len(s), at) for s in self._stops if (at := self._held.find(s)) >= 0]
        if ends:
            shown, self._held = self._held[: min(ends)[1]], ""
            return shown, True
        keep = self._longest_beginning()
        shown = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return shown, False

    def _longest_beginning(self) -> int:
        lengths = (
            length
            for stop in self._stops
            for length in range(1, min(len(stop), len(self._held) + 1))
            if self._held.endswith(stop[:length])
        )
        return max(lengths, default=0)

    def flush(self) -> str:
        shown, self._held = self._held, ""
        return shown


class Writer:
    """From the tokens of one answer to the text that may be shown.

    The whole characters of `beginning` are taken as shown; a part of one waits for the rest.
    """

    def __init__(
        self, detokeniser: Detokeniser, stops: Sequence[str], beginning: Sequence[int] = ()
    ) -> None:
        for token in beginning:
            detokeniser.push(token)
        self._detokeniser = detokeniser
        self._guard = StopGuard(stops)

    def push(self, token: int) -> tuple[str, bool]:
        """New text, and whether a stop string has ended the answer."""
        return self._guard.push(self._detokeniser.push(token))

    def flush(self) -> str:
        """What was held back, once no more tokens come."""
        text, stopped = self._guard.push(self._detokeniser.flush())
        return text if stopped else text + self._guard.flush()
