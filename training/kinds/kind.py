"""What every kind of dataset says about itself, and how a foreign row becomes one of its rows."""

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmkit.registry import Registry, discover
from training.rows import Row, line_of

MAX_ROW = 1_000_000
# Which columns of a file make up each column of a kind.
Mapping = AnyMapping[str, Sequence[str]]


class RowError(ValueError):
    """The row cannot be used; the text is the fault's name, the same for every row that has it."""


@dataclass(frozen=True)
class Column:
    """A part of a row. `many`: several columns of a file are several values, not one text.

    `named`: each value keeps the name of its column. `aliases`: what other files call it,
    likeliest first. `together`: columns that belong together where a file has all of them.
    """

    name: str
    help: str
    aliases: str = ""
    together: tuple[tuple[str, ...], ...] = ()
    many: bool = False
    named: bool = False


@dataclass(frozen=True)
class Kind:
    """`build` makes a row of picked values or raises RowError. `needs`: of each of these sets at
    least one column must be there. `prompt`: what may stand in one split only. `texts`: what is
    measured. `file`: what the files' names begin with."""

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    needs: tuple[frozenset[str], ...]
    build: Callable[[AnyMapping[str, Any]], Row]
    prompt: Callable[[AnyMapping[str, Any]], str]
    texts: Callable[[AnyMapping[str, Any]], dict[str, str]]
    file: str = ""
    usual_split: str = ""

    def missing(self, mapping: Mapping) -> list[str]:
        """In words what the mapping still lacks."""
        have = {name for name, columns in mapping.items() if columns}
        lacks = [need for need in self.needs if not need & have]
        instead = frozenset.intersection(*lacks) if len(lacks) > 1 else frozenset()
        if not instead:
            return [" or ".join(sorted(need)) for need in lacks]
        parts = (" or ".join(sorted(need - instead)) for need in lacks)
        return [f"{' and '.join(parts)}, or {' or '.join(sorted(instead))}"]


KINDS: Registry[Kind] = Registry("kind of dataset")


def picked(kind: Kind, mapping: Mapping, raw: AnyMapping[str, Any]) -> dict[str, Any]:
    """The values of a foreign row under this kind's names. Several texts for one column are
    joined with a blank line; RowError where that cannot be."""
    found = {}
    for column in kind.columns:
        values = {n: raw[n] for n in mapping.get(column.name, ()) if raw.get(n) is not None}
        if values:
            found[column.name] = values if column.named else together(column, [*values.values()])
    return found


def together(column: Column, values: list[Any]) -> Any:
    if column.many or len(values) == 1:
        return values if column.many else values[0]
    if not all(isinstance(value, str) for value in values):
        raise RowError(f"{column.name} is put together from what is not all text")
    return "\n\n".join(value for value in values if value.strip())


def canonical(kind: Kind, mapping: Mapping, raw: AnyMapping[str, Any]) -> Row:
    """The row in this kind's one form. RowError with the name of its fault."""
    row = kind.build(picked(kind, mapping, raw))
    if len(line_of(row)) > MAX_ROW:
        raise RowError(f"the row is longer than {MAX_ROW:,} characters")
    return row


def suggestions(columns: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The kinds that a file with these columns could be, likeliest first, each with a mapping."""
    found = {name: suggested(KINDS.get(name), columns) for name in LIKELIEST if name in KINDS}
    return {
        name: mapping for name, mapping in found.items() if not KINDS.get(name).missing(mapping)
    }


LIKELIEST = ("preference", "completion", "evaluation", "prompt", "text")


def suggested(kind: Kind, columns: Sequence[str]) -> dict[str, list[str]]:
    free = list(columns)
    mapping: dict[str, list[str]] = {}
    for column in kind.columns:
        names = matching(column, free)
        if names:
            mapping[column.name] = names
            free = [name for name in free if name not in names]
    return mapping


def matching(column: Column, columns: Iterable[str]) -> list[str]:
    """The file's columns that seem to be this one: numbered ones (`summary1`) count alike."""
    plain = {name: plainly(name) for name in columns}
    for group in column.together:
        named = [next((n for n, p in plain.items() if p == part), "") for part in group]
        if all(named):
            return named
    for alias in (column.name, *column.aliases.split()):
        same = [n for n, p in plain.items() if p == plainly(alias) or bare(p) == plainly(alias)]
        if same:
            return same if column.many else same[:1]
    return []


def plainly(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def bare(name: str) -> str:
    return name.rstrip("0123456789")


def load() -> None:
    """Let every module of this package register its kind."""
    discover("training.kinds", [str(Path(__file__).parent)])
