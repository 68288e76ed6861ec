"""Reading hostile values: texts, lists and messages, each or the name of its fault."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from training.kinds.kind import RowError

Message = dict[str, str]
ROLES = {"system", "user", "assistant"}
SPOKEN = {"human": "user", "gpt": "assistant", "prompter": "user"}


def text(value: Any, name: str) -> str:
    """A text that says something, without NUL and lone halves of characters."""
    if value is None:
        raise RowError(f"{name} is missing")
    if not isinstance(value, str):
        raise RowError(f"{name} is not text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(f"{name} holds half a character") from error
    value = value.replace("\x00", "")
    if not value.strip():
        raise RowError(f"{name} is empty")
    return value


def words(value: Any, name: str) -> str:
    """A text; numbers and truth values count as what they are written like."""
    plain = isinstance(value, (int, float, bool))
    return text(json.dumps(value) if plain else value, name)


def listed(values: Any, name: str) -> list[str]:
    """Texts out of one value, a list, a list in JSON, or {"text": […]}; each one once."""
    found: list[str] = []
    for value in values if isinstance(values, list) else [values]:
        for part in parts_of(value):
            said = words(part, name)
            if said not in found:
                found.append(said)
    return found


def parts_of(value: Any) -> list[Any]:
    value = unpacked(value, str)
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, list) else [value]


def unpacked(value: Any, of: type) -> Any:
    """A list of such things that a table kept as JSON text; any other text stays a text."""
    if not isinstance(value, str) or value.lstrip()[:1] != "[":
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    whole = isinstance(found, list) and found and all(isinstance(part, of) for part in found)
    return found if whole else value


def messages(value: Any, name: str = "messages") -> list[Message]:
    """Turns of known roles, a system message only first, and nobody twice in a row."""
    value = unpacked(value, dict)
    if not isinstance(value, list) or not value:
        raise RowError(f"{name} is not a list of messages")
    found = [message(part) for part in value]
    roles = [part["role"] for part in found]
    if "system" in roles[1:]:
        raise RowError("a system message comes late")
    if roles == ["system"]:
        raise RowError("there is only a system message")
    if any(one == other for one, other in pairwise(roles)):
        raise RowError("two turns of one role in a row")
    return found


def message(part: Any) -> Message:
    """One turn, as {role, content} or as {from, value}."""
    if not isinstance(part, dict):
        raise RowError("a message is not an object")
    role = part.get("role", part.get("from"))
    role = SPOKEN.get(role, role) if isinstance(role, str) else None
    if role not in ROLES:
        raise RowError("a message has no known role")
    return {"role": role, "content": text(part.get("content", part.get("value")), "a message")}


def prompt(value: Any, system: Any = None) -> list[Message]:
    """A prompt as messages: a text is one user turn."""
    value = unpacked(value, dict)
    said = (
        value if isinstance(value, list) else [{"role": "user", "content": text(value, "prompt")}]
    )
    if system is not None and (not isinstance(system, str) or system.strip()):
        said = [{"role": "system", "content": text(system, "system")}, *said]
    found = messages(said, "prompt")
    if found[-1]["role"] != "user":
        raise RowError("the prompt does not end with the user's turn")
    return found


def answer(value: Any, name: str) -> str:
    """A text, or a list that holds the assistant's one message."""
    value = unpacked(value, dict)
    if isinstance(value, list):
        found = messages(value, name)
        if [part["role"] for part in found] != ["assistant"]:
            raise RowError(f"{name} is not one assistant's message")
        return found[0]["content"]
    return text(value, name)


def root_turn(said: Sequence[Message]) -> str:
    """The first user turn, which everything that grew out of it shares."""
    return next((m["content"] for m in said if m["role"] == "user"), "")


def spoken(said: Sequence[Message]) -> str:
    return "\n".join(m["content"] for m in said)
