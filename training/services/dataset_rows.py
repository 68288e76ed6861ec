"""A version's rows for looking at: a page of a file, found by words, without reading it all."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from training.models import DatasetVersion
from training.rows import Row
from training.services.datasets import DatasetError

PER_PAGE = 20
SEARCH_SECONDS = 3.0
SHOWN_AT_ONCE = 400
LONGEST_SHOWN = 20_000


@dataclass(frozen=True)
class Part:
    """A text with its first lines apart; `role` where it is a turn. `cut`: the file has more."""

    head: str
    rest: str = ""
    role: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Field:
    """One column of a row: a text, several texts, or turns."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class ShownRow:
    """`number` counts from 1 in its file. `small` are the parts that are neither text nor turns."""

    number: int
    fields: tuple[Field, ...]
    small: str = ""


@dataclass(frozen=True)
class Rows:
    """A page. `total` None: not known, because searching stopped at the `searched`th row."""

    shown: tuple[ShownRow, ...]
    page: int
    more: bool
    total: int | None
    searched: int = 0

    @property
    def before(self) -> int:
        return self.page - 1

    @property
    def after(self) -> int:
        return self.page + 1

    @property
    def pages(self) -> int | None:
        return None if self.total is None else max(1, -(-self.total // PER_PAGE))


def page_of(version: DatasetVersion, file: str, *, page: int = 1, words: str = "") -> Rows:
    """The rows of one file on one page; those with the words, if there are any.

    DatasetError where the file is not this version's, or gone.
    """
    if file not in version.files:
        raise DatasetError(f"{version} has no file {file}.")
    page = max(1, page)
    start = (page - 1) * PER_PAGE
    if words.strip():
        return searched(version, file, page, start, words.strip())
    total = version.files[file]["rows"]
    lines = islice(numbered(version, file), start, start + PER_PAGE)
    shown = tuple(as_shown(number, line) for number, line in lines)
    return Rows(shown, page, start + PER_PAGE < total, total)


def searched(version: DatasetVersion, file: str, page: int, start: int, words: str) -> Rows:
    """Rows that hold the words as they stand; it stops after SEARCH_SECONDS and says where."""
    needle = json.dumps(words, ensure_ascii=False)[1:-1].casefold()
    until, found, number = time.monotonic() + SEARCH_SECONDS, [], 0
    for number, line in numbered(version, file):
        if needle in line.decode("utf-8", "replace").casefold():
            found.append((number, line))
        if len(found) > start + PER_PAGE or time.monotonic() > until:
            break
    shown = tuple(as_shown(n, line) for n, line in found[start : start + PER_PAGE])
    whole = number >= version.files[file]["rows"]
    more = len(found) > start + PER_PAGE
    return Rows(shown, page, more, len(found) if whole and not more else None, number)


def numbered(version: DatasetVersion, file: str) -> Iterator[tuple[int, bytes]]:
    try:
        with (version.folder / file).open("rb") as lines:
            yield from enumerate(lines, start=1)
    except OSError as error:
        raise DatasetError(f"{file} of {version} cannot be read: {error.strerror}.") from error


def as_shown(number: int, line: bytes) -> ShownRow:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"Row {number} was changed after it was frozen.") from error
    return shown(row, number)


def shown(row: Row, number: int = 0) -> ShownRow:
    fields = [field for name in ordered(row) if (field := field_of(name, row[name]))]
    named = {field.name for field in fields}
    rest = {name: value for name, value in row.items() if name not in named}
    small = ", ".join(f"{name}: {json.dumps(v, ensure_ascii=False)}" for name, v in rest.items())
    return ShownRow(number, tuple(fields), small[:LONGEST_SHOWN])


FIRST = ("messages", "prompt", "input", "text", "completion", "chosen", "rejected", "references")
HIDDEN = {"group"}


def ordered(row: Row) -> list[str]:
    known = [name for name in FIRST if name in row]
    return known + [name for name in sorted(row) if name not in FIRST]


def field_of(name: str, value: Any) -> Field | None:
    """None for what is neither text nor turns."""
    values = [value] if isinstance(value, str) else value
    if name in HIDDEN or not isinstance(values, list) or not values:
        return None
    if all(isinstance(one, str) for one in values):
        return Field(name, tuple(part(one) for one in values))
    if all(isinstance(one, dict) and "content" in one for one in values):
        return Field(name, tuple(part(str(m["content"]), str(m.get("role", ""))) for m in values))
    return None


def part(text: str, role: str = "") -> Part:
    head, rest = text[:SHOWN_AT_ONCE], text[SHOWN_AT_ONCE:LONGEST_SHOWN]
    return Part(head, rest, role, len(text) > LONGEST_SHOWN)
