"""What every importer gives: one ranking per row, or the row with the name of its fault.

A format is a function from the JSON objects of a file to rows. It never stops at a bad row.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from feedback.importers.files import lines_of
from feedback.rules.pairs import Ranking, RankingError
from llmkit.registry import Registry

MAX_LINE = 4_000_000
ROLES = ("system", "user", "assistant")
Message = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """A candidate as it came; `model` is its author where the file says so."""

    text: str
    model: str = ""


@dataclass(frozen=True)
class Imported:
    """One person's ranking of the answers to one prompt.

    `task` names the prompt, so that rankings of one task by several people meet; it is empty where
    the file has no names and every row is a task of its own.
    `repaired` names what a stated rule changed about the row.
    """

    number: int
    task: str
    messages: tuple[Message, ...]
    answers: tuple[Answer, ...]
    annotator: str
    ranking: Ranking
    flags: Mapping[int, list[str]] = field(default_factory=dict)
    repaired: str = ""
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class Refused:
    """A row that was left out: `fault` is its name, the same for every row that has it."""

    number: int
    fault: str
    raw: str


class RowError(ValueError):
    """The row cannot be used; the text is the fault's name."""


Row = Imported | Refused
Format = Callable[[int, dict[str, Any]], Iterable[Imported | RowError]]
FORMATS: Registry[Format] = Registry("preference format")


def read_file(path: Path, format_name: str) -> Iterator[Row]:
    """The rows of a file (see `lines_of`), each imported or refused.

    RegistryError for an unknown format; OSError for a file that cannot be read.
    """
    read = FORMATS.get(format_name)
    for number, line in enumerate(lines_of(path, MAX_LINE), start=1):
        if line.strip():
            yield from read_line(number, line, read)


def read_line(number: int, line: str, read: Format) -> Iterator[Row]:
    try:
        for found in read(number, parsed(line)):
            if isinstance(found, RowError):
                yield refused(number, found, line)
            else:
                yield replace(found, raw=line.rstrip("\n"))
    except RowError as fault:
        yield refused(number, fault, line)


def refused(number: int, fault: RowError, line: str) -> Refused:
    return Refused(number, str(fault), line.rstrip("\n"))


def parsed(line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise RowError("the row is too long")
    try:
        line.encode("utf-8")
        data = json.loads(line)
    except UnicodeEncodeError as error:
        raise RowError("the row is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise RowError("the row is not JSON") from error
    if not isinstance(data, dict):
        raise RowError("the row is not an object")
    return data


def text_of(value: Any, fault: str) -> str:
    """A text without NUL and lone surrogates, else the fault."""
    if not isinstance(value, str):
        raise RowError(fault)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError("a text holds half a character") from error
    return value.replace("\x00", "")


def messages_of(value: Any) -> tuple[Message, ...]:
    """A list of {role, content}, ending before the answer."""
    if not isinstance(value, list) or not value:
        raise RowError("the prompt is missing")
    return tuple(message_of(part) for part in value)


def message_of(part: Any) -> Message:
    if not isinstance(part, dict) or part.get("role") not in ROLES:
        raise RowError("a message has no known role")
    return {"role": part["role"], "content": text_of(part.get("content"), "a message has no text")}


def joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Turns of one role in a row become one turn, with a blank line between."""
    found: list[Message] = []
    for message in messages:
        if found and found[-1]["role"] == message["role"]:
            content = f"{found[-1]['content']}\n\n{message['content']}"
            found[-1] = {**message, "content": content}
        else:
            found.append(message)
    return tuple(found)


def distinct(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """The answers, or a fault where one is empty or two say the same."""
    if any(not answer.text.strip() for answer in answers):
        raise RowError("empty completion")
    if len({answer.text.strip() for answer in answers}) < len(answers):
        raise RowError("two answers are the same")
    return tuple(answers)


def checked(ranking: Ranking) -> Ranking:
    try:
        return ranking.checked()
    except RankingError as error:
        raise RowError(f"the ranking breaks a rule: {error}") from error


def one_over_the_other() -> Ranking:
    return Ranking(2, ((0,), (1,)))
