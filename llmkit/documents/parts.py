"""What reading a file gives, what it may cost, and how it is refused."""

import re
from dataclasses import dataclass

MAX_CHARACTERS = 4_000_000
TOO_MUCH = "Reading it takes more memory than allowed. Save a smaller part of it as its own file."
# Everything below a space but tab and line end, deletions, and halves of surrogate pairs: no
# database and no prompt has a use for them.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff]")


class DocumentError(ValueError):
    """The file was not taken; the text is one sentence about why and what to do."""


@dataclass(frozen=True)
class Limits:
    """What reading one file may take of the machine."""

    seconds: int = 20
    memory_mb: int = 512


@dataclass(frozen=True)
class ReadDocument:
    """`pages` is None for what has no fixed pages. A page's number stands in a line before it."""

    kind: str
    text: str
    pages: int | None = None

    @property
    def words(self) -> int:
        return len(self.text.split())


def clean(text: str) -> str:
    """Plain line ends, and no characters that can't be kept or shown."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy(text: str) -> str:
    """`clean`, without the white space that a layout leaves behind."""
    lines = (line.rstrip() for line in clean(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def checked(document: ReadDocument) -> ReadDocument:
    """The document itself when it holds text that can be kept, else DocumentError."""
    if not document.text.strip():
        raise DocumentError("The file is empty.")
    if len(document.text) > MAX_CHARACTERS:
        raise DocumentError(
            f"It holds {len(document.text):,} characters of text, more than the "
            f"{MAX_CHARACTERS:,} that can be taken. Split it."
        )
    return document
