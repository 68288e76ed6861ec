"""The files of an exported conversation, checked like everything else that a file holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.transfer.texts import is_text
from llmkit.documents import ENDINGS
from llmkit.documents.parts import MAX_CHARACTERS

FILE = ("name", "kind", "pages", "text")
KINDS = [ending.removeprefix(".") for ending in ENDINGS]
MAX_FILES = 50
MAX_PAGES = 1_000_000


@dataclass(frozen=True)
class ReadFile:
    """A file without its bytes: what was read of it."""

    name: str
    kind: str
    pages: int | None
    text: str


def read_files(raw: Any, where: str) -> tuple[ReadFile, ...]:
    """The files of one message. ValueError names the message that is wrong."""
    if not isinstance(raw, list) or len(raw) > MAX_FILES:
        raise ValueError(f'{where}: "files" must be a list of at most {MAX_FILES}.')
    return tuple(_file(entry, where) for entry in raw)


def _file(raw: Any, where: str) -> ReadFile:
    given = raw if isinstance(raw, Mapping) else {}
    name, kind, pages, text = (given.get(part) for part in FILE)
    if not (_is_text(name, 200) and _is_text(text, MAX_CHARACTERS) and kind in KINDS):
        raise ValueError(f'{where}: a file needs a "name", a "kind" and a "text".')
    if pages is not None and (type(pages) is not int or not 0 < pages < MAX_PAGES):
        raise ValueError(f'{where}: the "pages" of a file must be a whole number or null.')
    return ReadFile(str(name), str(kind), pages, str(text))


def _is_text(value: Any, longest: int) -> bool:
    return is_text(value) and bool(value.strip()) and len(value) <= longest
