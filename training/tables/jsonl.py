"""JSON lines: one object a line. Sample: {"question": "2 + 2?", "answer": "4"}"""

from collections.abc import Iterator
from pathlib import Path

from training.kinds.kind import RowError
from training.tables.lines import Lines, TooLongError, as_text, is_text
from training.tables.table import (
    LONGEST_RAW,
    BadRow,
    Limits,
    Options,
    Row,
    Table,
    of_json,
    parsed,
)

NOT_TEXT = "the row is not UTF-8 text"


def read(path: Path, options: Options, limits: Limits) -> Table:
    lines = Lines(path, limits)
    return Table("JSON lines", rows(lines, limits), lines.done)


def rows(lines: Lines, limits: Limits) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        try:
            line = next(lines)
        except StopIteration:
            return
        except TooLongError:
            yield BadRow(number, f"the row is longer than {limits.line:,} bytes", "")
            continue
        if line.strip():
            yield row(number, as_text(line).rstrip("\r\n"))


def row(number: int, text: str) -> Row:
    if not is_text(text):
        return BadRow(number, NOT_TEXT, text[:LONGEST_RAW])
    try:
        return of_json(number, parsed(text), text)
    except RowError as error:
        return BadRow(number, str(error), text[:LONGEST_RAW])


def read_lines(path: Path, options: Options, limits: Limits) -> Table:
    """A text file: each line that says something is a row with one column, `text`."""
    lines = Lines(path, limits)
    return Table("lines of text", text_rows(lines, limits), lines.done)


def text_rows(lines: Lines, limits: Limits) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        try:
            text = as_text(next(lines)).rstrip("\r\n")
        except StopIteration:
            return
        except TooLongError:
            yield BadRow(number, f"the row is longer than {limits.line:,} bytes", "")
            continue
        if not is_text(text):
            yield BadRow(number, NOT_TEXT, text[:LONGEST_RAW])
        elif text.strip():
            yield of_json(number, {"text": text}, text)
