"""Reading request bodies strictly: one clear sentence for the first thing that is wrong."""

import difflib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from llmkit.types import ChatMessage, EngineError, GenerationSettings, Role, SettingsError

MAX_CHOICES = 32
MAX_ID = 200

SAMPLING = {
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    "seed",
    "stop",
}
COMMON = SAMPLING | {"model", "n", "stream", "stream_options", "request_id"}
CHAT = COMMON | {"messages", "continue_final_message", "add_generation_prompt"}
COMPLETION = COMMON | {"prompt", "echo", "suffix", "best_of"}
TOKENIZE = {"model", "messages", "prompt", "continue_final_message", "return_tokens"}

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
    "logprobs": (False, None),
    "top_logprobs": (0, None),
    "logit_bias": ({}, None),
    "tools": ([], None),
    "tool_choice": ("none", "auto", None),
    "response_format": ({"type": "text"}, None),
    "echo": (False, None),
    "suffix": ("", None),
    "best_of": (1, None),
    "add_generation_prompt": (True, None),
}
IGNORED = {"user", "metadata", "store", "service_tier", "parallel_tool_calls"}


@dataclass(frozen=True)
class Body:
    """A request whose values are all in range; the model has not been looked up yet."""

    model: str | None
    settings: GenerationSettings
    request_id: str
    n: int = 1
    stream: bool = False
    include_usage: bool = False
    messages: tuple[ChatMessage, ...] = ()
    prompts: tuple[str, ...] = ()
    continue_final: bool = False


@dataclass(frozen=True)
class TokenizeBody:
    model: str | None
    messages: tuple[ChatMessage, ...]
    prompt: str
    continue_final: bool
    return_tokens: bool


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


def parse_chat(raw: bytes) -> Body:
    data = parse_object(raw)
    if data.get("continue_final_message") is True:
        data.pop("add_generation_prompt", None)  # vLLM asks for both, with false here
    data = known_fields(data, CHAT)
    messages = read_messages(data)
    return common(data, messages=messages, continue_final=read_continue(data, messages))


def parse_completion(raw: bytes) -> Body:
    data = known_fields(parse_object(raw), COMPLETION)
    return common(data, prompts=read_prompts(data))


def parse_tokenize(raw: bytes) -> TokenizeBody:
    data = known_fields(parse_object(raw), TOKENIZE)
    if ("messages" in data) == ("prompt" in data):
        raise invalid("Give either messages or a prompt.")
    messages = read_messages(data) if "messages" in data else ()
    return TokenizeBody(
        model=read_text(data, "model"),
        messages=messages,
        prompt=read_text(data, "prompt") or "",
        continue_final=read_continue(data, messages),
        return_tokens=read_flag(data, "return_tokens"),
    )


def parse_cancel(raw: bytes) -> str:
    request_id = read_id(known_fields(parse_object(raw), {"request_id"}))
    if request_id is None:
        raise invalid("Give the request_id to cancel.")
    return request_id


def common(data: Mapping[str, Any], **special: Any) -> Body:
    return Body(
        model=read_text(data, "model"),
        settings=read_settings(data),
        request_id=read_id(data) or secrets.token_hex(12),
        n=read_whole(data, "n", 1, 1, MAX_CHOICES),
        stream=read_flag(data, "stream"),
        include_usage=read_include_usage(data),
        **special,
    )


def known_fields(data: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The body without what changes nothing; an error for what this engine cannot do."""
    for name, value in data.items():
        if name in NEUTRAL and value not in NEUTRAL[name]:
            raise invalid(f"{name} is not supported by this engine. Leave it out.")
        if name not in known and name not in NEUTRAL and name not in IGNORED:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise invalid(f"Unknown field {name}." + (f" Did you mean {near[0]}?" if near else ""))
    return {name: value for name, value in data.items() if value is not None}


def read_settings(data: Mapping[str, Any]) -> GenerationSettings:
    values = {name: data[name] for name in SAMPLING & data.keys()}
    if "max_completion_tokens" in values:
        values["max_tokens"] = values.pop("max_completion_tokens")
    for name in ("max_tokens", "top_k", "seed"):
        if name in values:
            values[name] = whole(name, values[name])
    for name in ("temperature", "top_p", "repetition_penalty"):
        if name in values:
            values[name] = number(name, values[name])
    values["stop"] = read_stop(values.get("stop", ()))
    try:
        return GenerationSettings(**values).validated()
    except SettingsError as error:
        raise invalid(str(error)) from error


def read_stop(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list | tuple) or not all(isinstance(stop, str) for stop in stops):
        raise invalid("stop must be a text or a list of texts.")
    return tuple(stops)


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


def clean(name: str, text: str) -> str:
    """The text, or an error for half a surrogate pair, which no tokenizer can encode."""
    if re.search("[\ud800-\udfff]", text):
        raise invalid(f"{name} holds half a character (a lone surrogate). Send whole characters.")
    return text


def read_prompts(data: Mapping[str, Any]) -> tuple[str, ...]:
    prompt = data.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts:
        raise invalid("prompt must be a text or a list of texts.")
    if not all(isinstance(text, str) and text for text in prompts):
        raise invalid("Every prompt must be a text of at least one character.")
    return tuple(clean("The prompt", text) for text in prompts)


def read_continue(data: Mapping[str, Any], messages: tuple[ChatMessage, ...]) -> bool:
    wanted = read_flag(data, "continue_final_message")
    if wanted and (not messages or messages[-1].role != "assistant"):
        raise invalid("continue_final_message needs an assistant's message at the end.")
    return wanted


def read_include_usage(data: Mapping[str, Any]) -> bool:
    options = data.get("stream_options", {})
    if not isinstance(options, dict):
        raise invalid("stream_options must be an object.")
    return read_flag(options, "include_usage")


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


def read_id(data: Mapping[str, Any]) -> str | None:
    value = read_text(data, "request_id")
    if value is not None and not 1 <= len(value) <= MAX_ID:
        raise invalid(f"request_id must have 1 to {MAX_ID} characters.")
    return value


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
