"""CSV and TSV, with and without a first row of names.

A TSV is read without quotes unless asked: in the benchmarks that come as TSV a quote is a quote.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from training.tables.jsonl import NOT_TEXT
from training.tables.lines import Lines, TooLongError, as_text, is_text
from training.tables.table import (
    LONGEST_RAW,
    BadRow,
    Limits,
    Options,
    RawRow,
    Row,
    Table,
    TableError,
    clean_name,
)

LONGEST_HEADER = 80
MOST_COLUMNS = 500
RAGGED = "the row has more or fewer cells than the first row"


def read_csv(path: Path, options: Options, limits: Limits) -> Table:
    return read(path, options, limits, delimiter_of(path, limits), options.quotes is not False)


def read_tsv(path: Path, options: Options, limits: Limits) -> Table:
    return read(path, options, limits, "\t", bool(options.quotes))


def delimiter_of(path: Path, limits: Limits) -> str:
    """A comma, or the semicolon of programs whose comma is a decimal point."""
    lines = Lines(path, limits)
    try:
        first = as_text(next(lines, b""))
    except TooLongError:
        first = ""
    finally:
        lines.close()
    return ";" if first.count(";") > first.count(",") else ","


def read(path: Path, options: Options, limits: Limits, delimiter: str, quotes: bool) -> Table:
    csv.field_size_limit(limits.line)
    lines = Lines(path, limits)
    cells = Cells(lines, limits, delimiter, quotes)
    first = next((found for found in cells if not isinstance(found, BadRow)), None)
    if first is None:
        raise TableError("It holds no row that can be read.")
    if len(first) > MOST_COLUMNS:
        raise TableError(f"It has {len(first):,} columns; at most {MOST_COLUMNS} can be read.")
    header = looks_like_names(first) if options.header is None else options.header
    names = distinct(first) if header else [f"column {n}" for n in range(1, len(first) + 1)]
    found = cells if header else chain([first], cells)
    form = "TSV" if delimiter == "\t" else "CSV"
    return Table(form, rows(found, names), lines.done, header=header, quotes=quotes)


def rows(found: Iterator[list[str] | BadRow], names: Sequence[str]) -> Iterator[Row]:
    for number, cells in enumerate(found, start=1):
        if isinstance(cells, BadRow):
            yield BadRow(number, cells.fault, cells.raw)
        elif len(cells) != len(names):
            yield BadRow(number, RAGGED, " | ".join(cells)[:LONGEST_RAW])
        elif not all(map(is_text, cells)):
            yield BadRow(number, NOT_TEXT, " | ".join(cells)[:LONGEST_RAW])
        else:
            yield RawRow(number, dict(zip(names, cells, strict=True)))


class Cells(Iterator["list[str] | BadRow"]):
    """Rows as lists of cells; what can't be taken apart is a BadRow, and reading goes on."""

    def __init__(self, lines: Lines, limits: Limits, delimiter: str, quotes: bool) -> None:
        text = map(as_text, lines)
        if quotes:
            self._reader = csv.reader(text, delimiter=delimiter)
        else:
            self._reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        self._limits = limits

    def __next__(self) -> "list[str] | BadRow":
        while True:
            try:
                cells = next(self._reader)
            except TooLongError:
                return BadRow(0, f"the row is longer than {self._limits.line:,} bytes", "")
            except csv.Error as error:
                return BadRow(0, f"the row can't be taken apart: {error}", "")
            if any(cell.strip() for cell in cells):
                return cells


def looks_like_names(cells: Sequence[str]) -> bool:
    """Short, different, none empty, none a number or a sentence."""
    tidy = [cell.strip() for cell in cells]
    if len(set(tidy)) < len(tidy) or not all(tidy):
        return False
    return all(is_name(cell) for cell in tidy)


def is_name(cell: str) -> bool:
    number = cell.replace(".", "", 1).lstrip("+-").isdigit()
    return len(cell) <= LONGEST_HEADER and not number and not cell.endswith((".", "?", "!"))


def distinct(cells: Sequence[str]) -> list[str]:
    """Names for all columns, even where the header repeats or leaves out some."""
    found: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = clean_name(cell) if is_text(cell) else ""
        name = name or f"column {place}"
        found.append(name if name not in found else f"{name} ({place})")
    return found
