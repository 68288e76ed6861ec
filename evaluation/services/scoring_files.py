"""Outputs made elsewhere, read from a table: references, and one column for each system.

A row that lacks something is refused for all systems, so that all are measured on the same items.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.services.errors import EvaluationsError
from llmkit.registry import near_names
from training.kinds import RowError, values
from training.tables import BadRow, RawRow, TableError, open_table

MOST_ROWS = 100_000
MOST_SYSTEMS = 50


@dataclass(frozen=True)
class Columns:
    """What stands where. `systems`: name by column. `source`: rows with one value of it are drawn
    together. `prompt` and `entry` are for a reward model and for programs."""

    references: tuple[str, ...]
    systems: Mapping[str, str]
    source: str = ""
    prompt: str = ""
    entry: str = ""

    @property
    def all(self) -> list[str]:
        others = [name for name in (self.source, self.prompt, self.entry) if name]
        return [*self.references, *self.systems, *others]


@dataclass(frozen=True)
class Line:
    """A row that is taken; `outputs` by system: one text, or several attempts at a program."""

    number: int
    references: tuple[str, ...]
    outputs: Mapping[str, tuple[str, ...]]
    source: str
    prompt: str = ""
    entry: str = ""


@dataclass(frozen=True)
class Refused:
    row: int
    why: str


@dataclass(frozen=True)
class Sheet:
    """What a file holds. `empty`: by system, how many outputs say nothing."""

    lines: Sequence[Line]
    refused: Sequence[Refused]
    empty: Mapping[str, int] = field(default_factory=dict)


def read(path: Path, name: str, columns: Columns) -> Sheet:
    """EvaluationsError with one sentence where nothing of it can be scored."""
    check(columns)
    try:
        return chosen(rows_of(path, name), columns)
    except TableError as error:
        raise EvaluationsError(f"{name}: {error}", "file") from error
    except OSError as error:
        raise EvaluationsError(f"{name} can't be read: {error.strerror}.", "file") from error


def chosen(rows: Sequence[RawRow | BadRow], columns: Columns) -> Sheet:
    """What can be scored of rows that are read already. EvaluationsError as `read`."""
    check(columns)
    return sheet(rows, columns)


def check(columns: Columns) -> None:
    if not columns.references:
        raise EvaluationsError("Name the column that holds the reference.", "reference")
    if not columns.systems:
        raise EvaluationsError("Name at least one column of outputs.", "systems")
    if len(columns.systems) > MOST_SYSTEMS:
        raise EvaluationsError(f"At most {MOST_SYSTEMS} systems are scored at once.", "systems")
    names = list(columns.systems.values())
    if twice := {name for name in names if names.count(name) > 1}:
        raise EvaluationsError(f"Two columns are called {twice.pop()}.", "systems")
    if both := set(columns.systems) & set(columns.references):
        raise EvaluationsError(f"{both.pop()} can't be reference and output at once.", "systems")


def rows_of(path: Path, name: str) -> list[RawRow | BadRow]:
    found: list[RawRow | BadRow] = []
    for row in open_table(path, name).rows:
        found.append(row)
        if len(found) > MOST_ROWS:
            raise TableError(f"It has more than {MOST_ROWS:,} rows. Score them in parts.")
    return found


def columns_in(path: Path, name: str) -> list[str]:
    """Names of the columns, in the order in which they are met. EvaluationsError as `read`."""
    try:
        return known_columns(rows_of(path, name))
    except TableError as error:
        raise EvaluationsError(f"{name}: {error}", "file") from error


def known_columns(rows: Sequence[RawRow | BadRow]) -> list[str]:
    return list(dict.fromkeys(key for row in rows if isinstance(row, RawRow) for key in row.values))


def check_rows(rows: Sequence[RawRow | BadRow]) -> None:
    if any(isinstance(row, RawRow) for row in rows):
        return
    bad = next((row for row in rows if isinstance(row, BadRow)), None)
    why = f"No row can be read. Row {bad.number}: {bad.fault}." if bad else "It has no rows."
    raise EvaluationsError(why, "file")


def sheet(rows: Sequence[RawRow | BadRow], columns: Columns) -> Sheet:
    check_rows(rows)
    known = known_columns(rows)
    for name in columns.all:
        if name not in known:
            told = near_names(name, known)
            part = "reference" if name in columns.references else "systems"
            raise EvaluationsError(f"There is no column '{name}'. {told}", part)
    parts = list(taken(rows, columns))
    lines = [part for part in parts if isinstance(part, Line)]
    refused = [part for part in parts if isinstance(part, Refused)]
    if not lines:
        why = f" Row {refused[0].row}: {refused[0].why}." if refused else ""
        raise EvaluationsError(f"No row can be scored.{why}", "file")
    return Sheet(lines, refused, emptiness(lines, columns))


def emptiness(lines: Sequence[Line], columns: Columns) -> dict[str, int]:
    """EvaluationsError where a system never says anything."""
    found = {
        name: sum(not any(text.strip() for text in line.outputs[name]) for line in lines)
        for name in columns.systems.values()
    }
    if silent := [name for name, count in found.items() if count == len(lines)]:
        raise EvaluationsError(f"Every output of {silent[0]} is empty.", "systems")
    return found


def taken(rows: Sequence[RawRow | BadRow], columns: Columns) -> Iterator[Line | Refused]:
    for row in rows:
        if isinstance(row, BadRow):
            yield Refused(row.number, row.fault)
            continue
        try:
            yield line(row, columns)
        except RowError as fault:
            yield Refused(row.number, str(fault))


def line(row: RawRow, columns: Columns) -> Line:
    given = row.values
    references = [text for name in columns.references for text in reference(given, name)]
    return Line(
        number=row.number,
        references=tuple(references),
        outputs={name: outputs(given, column) for column, name in columns.systems.items()},
        source=values.words(given.get(columns.source), columns.source)
        if columns.source
        else str(row.number),
        prompt=values.words(given.get(columns.prompt), columns.prompt) if columns.prompt else "",
        entry=values.words(given.get(columns.entry), columns.entry) if columns.entry else "",
    )


def reference(given: Mapping[str, Any], name: str) -> list[str]:
    """One reference, or several in a list."""
    return values.listed(given.get(name), name)


def outputs(given: Mapping[str, Any], column: str) -> tuple[str, ...]:
    """An empty text is an answer that says nothing; a cell that is not there is a fault."""
    value = given.get(column)
    found = value if isinstance(value, list) else [value]
    if not found or any(part is None for part in found):
        raise RowError(f"{column} is missing")
    return tuple(output(part, column) for part in found)


def output(value: Any, column: str) -> str:
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if not isinstance(value, str):
        raise RowError(f"{column} is not text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(f"{column} holds half a character") from error
    return value.replace("\x00", "")
