"""What reading a table gives, what it may cost, and how it is refused."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import UUID

from training.kinds.kind import RowError

LONGEST_NAME = 200
LONGEST_RAW = 20_000


class TableError(ValueError):
    """The file was not taken; the text is one sentence about why and what to do."""


@dataclass(frozen=True)
class Limits:
    """Bytes a file may unpack to, bytes of a line, bytes of a JSON file, and rows."""

    unpacked: int = 2_000_000_000
    line: int = 4_000_000
    whole: int = 200_000_000
    rows: int = 2_000_000


@dataclass(frozen=True)
class Options:
    """How a CSV or TSV is read; None: as it seems to be. `quotes`: cells may stand in quotes."""

    header: bool | None = None
    quotes: bool | None = None


@dataclass(frozen=True)
class RawRow:
    """`number` counts from 1, without a header."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """`fault` is its name, the same for every row that has it."""

    number: int
    fault: str
    raw: str


Row = RawRow | BadRow


@dataclass(frozen=True)
class Table:
    """`rows` may be asked for once. `done` tells how many bytes of the file were read so far.
    `header` and `quotes` say how it is read, where that can be chosen."""

    format: str
    rows: Iterator[Row]
    done: Callable[[], int]
    header: bool | None = None
    quotes: bool | None = None


Reader = Callable[[Path, Options, Limits], Table]


def of_json(number: int, data: Any, raw: str) -> Row:
    """An object as a row."""
    if not isinstance(data, dict):
        return BadRow(number, "the row is not an object", raw[:LONGEST_RAW])
    return RawRow(number, named(data))


def named(values: dict[str, Any]) -> dict[str, Any]:
    return {clean_name(name): value for name, value in values.items()}


def clean_name(name: str) -> str:
    """A column's name, fit to be shown and stored."""
    name = name.strip()
    if len(name) <= LONGEST_NAME and name.isprintable():
        return name
    return "".join(c if c.isprintable() else " " for c in name)[:LONGEST_NAME].strip()


def no_constants(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def parsed(text: str) -> Any:
    """JSON without NaN and Infinity. RowError where it is none."""
    try:
        return json.loads(text, parse_constant=no_constants)
    except (ValueError, RecursionError) as error:
        raise RowError("the row is not JSON") from error


def plain(value: Any) -> Any:
    """What JSON can hold of a Parquet value; binary data only tells its size."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, (date, time, timedelta, Decimal, UUID)):
        return str(value)
    return value
