"""Reading single fields of a request's JSON: the value, or one sentence about what is wrong."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from llmkit.types import ChatMessage, EngineError, Role


def invalid(sentence: str) -> EngineError:
    return EngineError(sentence, code="invalid")


def parse_object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise invalid(f"The body is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise invalid("The body must be a JSON object.")
    return data


def clean(name: str, text: str) -> str:
    """The text, or an error for half a surrogate pair, which no tokenizer can encode."""
    if re.search("[\ud800-\udfff]", text):
        raise invalid(f"{name} holds half a character (a lone surrogate). Send whole characters.")
    return text


def read_flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return value


def read_text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a text.")
    return None if value is None else clean(name, value)


def read_whole(data: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = whole(name, data.get(name, default))
    if not low <= value <= high:
        raise invalid(f"{name} must be between {low} and {high}, not {value}.")
    return value


def whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name} must be a whole number, not {json.dumps(value)[:40]}.")
    return value


def number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e9:
        raise invalid(f"{name} must be a number, not {json.dumps(value)[:40]}.")
    return value


def read_messages(data: Mapping[str, Any]) -> tuple[ChatMessage, ...]:
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages must be a list with at least one message.")
    return tuple(read_message(i, message) for i, message in enumerate(messages))


def read_message(index: int, message: Any) -> ChatMessage:
    if not isinstance(message, dict):
        raise invalid(f"Message {index} must be an object with role and content.")
    role = "system" if message.get("role") == "developer" else message.get("role")
    if role not in get_args(Role):
        raise invalid(f"The role of message {index} must be system, user or assistant.")
    content = message.get("content")
    return ChatMessage(cast(Role, role), read_content(index, "" if content is None else content))


def read_content(index: int, content: Any) -> str:
    """A text, or OpenAI's list of text parts."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list) or not all(is_text_part(part) for part in parts):
        raise invalid(f"The content of message {index} must be text.")
    return "".join(clean(f"Message {index}", part["text"]) for part in parts)


def is_text_part(part: Any) -> bool:
    return (
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )


def read_prompts(data: Mapping[str, Any]) -> tuple[str, ...]:
    prompt = data.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts:
        raise invalid("prompt must be a text or a list of texts.")
    if not all(isinstance(text, str) and text for text in prompts):
        raise invalid("Every prompt must be a text of at least one character.")
    return tuple(clean("The prompt", text) for text in prompts)


def read_tokens(data: Mapping[str, Any]) -> tuple[int, ...]:
    """Token ids. Whether the model has them is seen once it is loaded."""
    tokens = data.get("tokens", [])
    if not isinstance(tokens, list):
        raise invalid("tokens must be a list of token ids.")
    if any(isinstance(token, bool) or not isinstance(token, int) for token in tokens):
        raise invalid("Every token id must be a whole number.")
    return tuple(tokens)
