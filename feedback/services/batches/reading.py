"""Prompts from a file or from what was typed: every row is a prompt, or is refused by its fault.

CSV and JSON lines have `prompt` or `messages`, and may have `system`, `id` and `priority`; a plain
text has one prompt a line.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from feedback.importers.rows import MAX_LINE, Message, RowError, messages_of, parsed, text_of
from feedback.rules import texts
from feedback.services.errors import FeedbackError

MOST_ROWS = 50_000
LONGEST_PROMPT = 200_000
LONGEST_NAME = 200
PRIORITIES = range(-100, 101)
DELIMITERS = (",", ";", "\t")
NO_PROMPT = "the prompt is missing"


@dataclass(frozen=True)
class Prompt:
    number: int
    messages: tuple[Message, ...]
    name: str = ""
    priority: int = 0

    @cached_property
    def prompt_hash(self) -> str:
        return texts.prompt_hash(self.messages)


@dataclass(frozen=True)
class Refused:
    number: int
    fault: str
    raw: str


@dataclass
class Read:
    """What was found, in the order of the rows."""

    prompts: list[Prompt] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    _rows: dict[str, int] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)

    def take(self, prompt: Prompt, raw: str) -> None:
        """A prompt, unless an earlier row has it or its id already."""
        same = self._rows.setdefault(prompt.prompt_hash, prompt.number)
        named = self._names.setdefault(prompt.name or f"row {prompt.number}", prompt.number)
        if same != prompt.number:
            self.refuse(prompt.number, f"the same prompt as in row {same}", raw)
        elif named != prompt.number:
            self.refuse(prompt.number, f"the same id as in row {named}", raw)
        else:
            self.prompts.append(prompt)

    def refuse(self, number: int, fault: str, raw: str) -> None:
        self.refused.append(Refused(number, fault, raw))


Row = tuple[int, str, dict[str, Any] | RowError]


def read_prompts(*, name: str, content: bytes, system: str = "") -> Read:
    """By the ending of `name`. `system` is said before the prompts that have none of their own.

    FeedbackError where the whole file cannot be used.
    """
    rows = rows_of(name, decoded(content))
    read = Read()
    for number, raw, data in rows:
        if number > MOST_ROWS:
            raise FeedbackError(f"A batch has at most {MOST_ROWS:,} rows. Split the file.")
        try:
            if isinstance(data, RowError):
                raise data
            read.take(prompt_of(number, data, system), raw)
        except RowError as fault:
            read.refuse(number, str(fault), raw)
    if not read.prompts and not read.refused:
        raise FeedbackError("There is no prompt in it.")
    return read


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedbackError("The file is not UTF-8 text. Save it as UTF-8.") from error


def rows_of(name: str, text: str) -> Iterator[Row]:
    known: dict[str, Callable[[str], Iterator[Row]]] = {
        ".csv": csv_rows,
        ".tsv": csv_rows,
        ".jsonl": json_rows,
        ".ndjson": json_rows,
        ".txt": lines,
    }
    read = known.get(Path(name).suffix.lower())
    if read is None:
        raise FeedbackError("Choose a file that ends in .csv, .jsonl or .txt.")
    return read(text)


def lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line, {"prompt": line.strip()}


def json_rows(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, line, parsed(line)
        except RowError as fault:
            yield number, line[:MAX_LINE], fault


def csv_rows(text: str) -> Iterator[Row]:
    """Rows are counted from 1 below the header, whatever lines they take."""
    csv.field_size_limit(MAX_LINE)
    delimiter, header = header_of(text)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        next(table)
        for number, cells in enumerate((row for row in table if any(row)), start=1):
            yield number, as_csv(cells, delimiter), cells_of(header, cells)
    except csv.Error as error:
        raise FeedbackError(f"The file is no CSV: line {table.line_num}: {error}.") from error


def header_of(text: str) -> tuple[str, list[str]]:
    """The delimiter under which the first line names a column that holds prompts."""
    for delimiter in DELIMITERS:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        names = [name.strip().lower() for name in first]
        if {"prompt", "messages"} & set(names):
            return delimiter, names
    raise FeedbackError("The first line must name the columns, one of them prompt or messages.")


def cells_of(header: list[str], cells: list[str]) -> dict[str, Any] | RowError:
    if len(cells) > len(header):
        return RowError("it has more cells than the header")
    data: dict[str, Any] = {k: v for k, v in zip(header, cells, strict=False) if v.strip()}
    if "messages" in data:
        try:
            data["messages"] = json.loads(data["messages"])
        except (ValueError, RecursionError):
            return RowError("messages is not JSON")
    return data


def as_csv(cells: list[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    return line.getvalue()


def prompt_of(number: int, data: dict[str, Any], system: str) -> Prompt:
    messages = with_system(
        messages_in(data), text_of(data.get("system") or "", "system is no text")
    )
    messages = with_system(messages, system)
    if sum(len(message["content"]) for message in messages) > LONGEST_PROMPT:
        raise RowError(f"the prompt has more than {LONGEST_PROMPT:,} characters")
    return Prompt(number, messages, name_in(data), priority_in(data))


def messages_in(data: dict[str, Any]) -> tuple[Message, ...]:
    if data.get("messages") is not None:
        found = messages_of(data["messages"])
    else:
        found = ({"role": "user", "content": text_of(data.get("prompt"), NO_PROMPT)},)
    if any(not message["content"].strip() for message in found):
        raise RowError("the prompt is empty" if len(found) == 1 else "a message is empty")
    if found[-1]["role"] != "user":
        raise RowError("the last message is not the user's")
    if any(message["role"] == "system" for message in found[1:]):
        raise RowError("a system message stands behind another message")
    return found


def with_system(messages: tuple[Message, ...], system: str) -> tuple[Message, ...]:
    if not system.strip() or messages[0]["role"] == "system":
        return messages
    return ({"role": "system", "content": system}, *messages)


def name_in(data: dict[str, Any]) -> str:
    value = data.get("id")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError("id is neither a text nor a whole number")
    name = text_of(str(value), "id is no text").strip()
    if len(name) > LONGEST_NAME:
        raise RowError(f"id has more than {LONGEST_NAME} characters")
    return name


def priority_in(data: dict[str, Any]) -> int:
    value = data.get("priority", 0)
    try:
        found = int(str(value).strip() or 0)
    except ValueError:
        found = PRIORITIES.stop
    if isinstance(value, bool) or found not in PRIORITIES:
        raise RowError("priority is no whole number from -100 to 100")
    return found
