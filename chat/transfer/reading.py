"""Files into conversations, as plain data. What a file holds is hostile text.

A row is ours, {"format": "llmsite.conversation", …}, OpenAI's, {"messages": [{"role", "content"}]},
or ShareGPT's, {"conversations": [{"from", "value"}]}. One row, a list of them, or one a line.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.transfer.files import ReadFile, read_files
from chat.transfer.texts import is_text
from llmkit.types import GenerationSettings

FORMAT = "llmsite.conversation"
MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 1000
MAX_MESSAGES = 5000
SHAREGPT_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
OPENAI_ROLES = {"user": "user", "assistant": "assistant"}


class TransferError(ValueError):
    """The file was not taken; `reasons` holds one sentence for each row that is to blame."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(reasons[0])
        self.reasons = list(reasons)


@dataclass(frozen=True)
class ReadMessage:
    """`parent` is the place of an earlier message in the same list; None begins the tree."""

    role: str
    text: str
    parent: int | None
    files: tuple[ReadFile, ...] = ()


@dataclass(frozen=True)
class ReadConversation:
    messages: list[ReadMessage]
    title: str = ""
    model: str = ""
    system_prompt: str = ""
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    leaf: int = -1


def read(data: bytes) -> list[ReadConversation]:
    """All conversations of a file, or TransferError naming every row that is wrong."""
    rows = _rows(_text(data))
    if not rows or len(rows) > MAX_ROWS:
        raise TransferError(f"A file may hold 1 to {MAX_ROWS} conversations; this has {len(rows)}.")
    found: list[ReadConversation] = []
    wrong: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_conversation(row))
        except ValueError as error:
            wrong.append(f"Row {number}: {error}")
    if wrong:
        raise TransferError(*wrong)
    return found


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise TransferError(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TransferError("The file is not UTF-8 text. Save it as JSON in UTF-8.") from error


def _rows(text: str) -> list[Any]:
    """The objects of a JSON document, or of a file with one JSON object a line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _lines(text)
    return whole if isinstance(whole, list) else [whole]


def _lines(text: str) -> list[Any]:
    rows: list[Any] = []
    wrong: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError):
            wrong.append(f"Line {number} is not JSON.")
    if wrong or not rows:
        raise TransferError(*(wrong if rows else ["The file is not JSON."]))
    return rows


def _conversation(row: Any) -> ReadConversation:
    if not isinstance(row, Mapping):
        raise ValueError("it is not an object.")
    for knows, reader in READERS:
        if knows(row):
            return reader(row)
    raise ValueError('it has neither "messages" nor "conversations".')


def _openai(row: Mapping[str, Any]) -> ReadConversation:
    return _in_turn(row, row["messages"], ("role", "content"), OPENAI_ROLES)


def _sharegpt(row: Mapping[str, Any]) -> ReadConversation:
    return _in_turn(row, row["conversations"], ("from", "value"), SHAREGPT_ROLES)


def _in_turn(
    row: Mapping[str, Any], turns: Any, keys: tuple[str, str], roles: Mapping[str, str]
) -> ReadConversation:
    """Turns one after the other; a system turn may come first and becomes the system prompt."""
    pairs = [_pair(turn, keys, number) for number, turn in enumerate(_list(turns), start=1)]
    system = pairs.pop(0)[1] if pairs and pairs[0][0] == "system" else ""
    messages: list[ReadMessage] = []
    for number, (role, text) in enumerate(pairs, start=1):
        wanted = "assistant" if number % 2 == 0 else "user"
        if roles.get(role) != wanted:
            raise ValueError(f"turn {number} is by {role!r}, where the {wanted}'s is due.")
        messages.append(ReadMessage(wanted, text, number - 2 if number > 1 else None))
    if not messages:
        raise ValueError("it has no turns.")
    title = row.get("title", "")
    return ReadConversation(messages, str(title) if is_text(title) else "", system_prompt=system)


def _pair(turn: Any, keys: tuple[str, str], number: int) -> tuple[str, str]:
    values = [turn.get(key) for key in keys] if isinstance(turn, Mapping) else []
    if len(values) != 2 or not all(map(is_text, values)):
        raise ValueError(f'turn {number} needs the texts "{keys[0]}" and "{keys[1]}".')
    return str(values[0]), str(values[1])


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_MESSAGES:
        raise ValueError(f"its turns must be a list of at most {MAX_MESSAGES}.")
    return value


def _ours(row: Mapping[str, Any]) -> ReadConversation:
    messages = [_our_message(m, place) for place, m in enumerate(_list(row.get("messages")))]
    _check_tree(messages)
    leaf = row.get("leaf", len(messages) - 1)
    if messages and (type(leaf) is not int or not 0 <= leaf < len(messages)):
        raise ValueError('"leaf" must be the place of a message.')
    return ReadConversation(
        messages,
        title=_string(row, "title"),
        model=_string(row, "model"),
        system_prompt=_string(row, "system_prompt"),
        settings=_settings(row.get("settings", {})),
        leaf=leaf,
    )


def _our_message(raw: Any, place: int) -> ReadMessage:
    fields = raw if isinstance(raw, Mapping) else {}
    role, text, parent = fields.get("role"), fields.get("text"), fields.get("parent")
    if not isinstance(role, str) or role not in OPENAI_ROLES or not is_text(text):
        raise ValueError(f'message {place} needs a "role" (user or assistant) and a "text".')
    if parent is not None and (type(parent) is not int or not 0 <= parent < place):
        raise ValueError(f'message {place}: "parent" must be the place of an earlier message.')
    files = read_files(fields.get("files", []), f"message {place}")
    if files and role != "user":
        raise ValueError(f"message {place}: only a user's message can have files.")
    return ReadMessage(str(role), str(text), parent, files)


def _check_tree(messages: list[ReadMessage]) -> None:
    """Questions and answers alternate along every branch."""
    for place, message in enumerate(messages):
        asked = message.parent is not None and messages[message.parent].role == "user"
        if (message.role == "assistant") != asked:
            raise ValueError(f"message {place} does not follow a message of the other side.")


def _string(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    if not is_text(value):
        raise ValueError(f'"{name}" must be a text.')
    return str(value)


def _settings(raw: Any) -> GenerationSettings:
    try:
        return GenerationSettings.from_dict(raw).validated()
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"its settings can't be used: {error}") from error


Knows = Callable[[Mapping[str, Any]], bool]
READERS: list[tuple[Knows, Callable[[Mapping[str, Any]], ReadConversation]]] = [
    (lambda row: row.get("format") == FORMAT, _ours),
    (lambda row: "messages" in row, _openai),
    (lambda row: "conversations" in row, _sharegpt),
]
