"""Reading request bodies strictly: one clear sentence for the first thing that is wrong."""

import difflib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmkit.engine.fields import (
    invalid,
    number,
    parse_object,
    read_flag,
    read_messages,
    read_prompts,
    read_text,
    read_tokens,
    read_whole,
    whole,
)
from llmkit.types import ChatMessage, GenerationSettings, SettingsError

MAX_CHOICES = 32
MOST_ALTERNATIVES = 20
MOST_SHOWN = 200
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
COMMON |= {"logprobs", "return_token_ids", "tokens"}
CHAT = COMMON | {"messages", "continue_final_message", "add_generation_prompt", "top_logprobs"}
COMPLETION = COMMON | {"prompt", "echo", "suffix", "best_of"}
ASKED = {"model", "messages", "prompt", "continue_final_message"}
TOKENIZE = ASKED | {"return_tokens", "tokens"}
DISTRIBUTION = ASKED | {"tokens", "text", "position", "top", "repetition_penalty"}

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
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
    """A request whose values are all in range; the model has not been looked up yet.

    `tokens` is how the answer begins, as ids; it goes on from them. `logprobs` is how many
    alternatives to tell with each token's log probability, None to tell none of it.
    """

    model: str | None
    settings: GenerationSettings
    request_id: str
    n: int = 1
    stream: bool = False
    include_usage: bool = False
    messages: tuple[ChatMessage, ...] = ()
    prompts: tuple[str, ...] = ()
    continue_final: bool = False
    tokens: tuple[int, ...] = ()
    logprobs: int | None = None
    token_ids: bool = False


@dataclass(frozen=True)
class TokenizeBody:
    """A prompt to count, and `tokens` of an answer that begins behind it."""

    model: str | None
    messages: tuple[ChatMessage, ...]
    prompt: str
    continue_final: bool
    tokens: tuple[int, ...] = ()
    return_tokens: bool = False


@dataclass(frozen=True)
class DetokenizeBody:
    model: str | None
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class DistributionBody:
    """An answer to look at: its `tokens`, or its `text` where nobody kept them.

    `position` None asks for every token and its alternatives; else for the whole distribution of
    the token at that place, with the penalty that the prompt and the tokens before it bring.
    """

    model: str | None
    messages: tuple[ChatMessage, ...]
    prompt: str
    continue_final: bool
    tokens: tuple[int, ...]
    text: str
    position: int | None
    top: int
    repetition_penalty: float


def parse_chat(raw: bytes) -> Body:
    data = parse_object(raw)
    if data.get("continue_final_message") is True:
        data.pop("add_generation_prompt", None)  # vLLM asks for both, with false here
    data = known_fields(data, CHAT)
    messages = read_messages(data)
    continues = read_continue(data, messages)
    logprobs = read_logprobs(data)
    return common(data, messages=messages, continue_final=continues, logprobs=logprobs)


def parse_completion(raw: bytes) -> Body:
    data = known_fields(parse_object(raw), COMPLETION)
    wanted = data.get("logprobs", False)
    count = None if wanted is False else read_whole(data, "logprobs", 0, 0, MOST_ALTERNATIVES)
    return common(data, prompts=read_prompts(data), logprobs=count)


def parse_tokenize(raw: bytes) -> TokenizeBody:
    data = known_fields(parse_object(raw), TOKENIZE)
    return TokenizeBody(
        **asked(data),
        tokens=read_tokens(data),
        return_tokens=read_flag(data, "return_tokens"),
    )


def parse_detokenize(raw: bytes) -> DetokenizeBody:
    data = known_fields(parse_object(raw), {"model", "tokens"})
    return DetokenizeBody(read_text(data, "model"), read_tokens(data))


def parse_distribution(raw: bytes) -> DistributionBody:
    data = known_fields(parse_object(raw), DISTRIBUTION)
    tokens, text = read_tokens(data), read_text(data, "text") or ""
    if tokens and text:
        raise invalid("Give the answer's tokens or its text, not both.")
    penalised = {name: data[name] for name in data.keys() & {"repetition_penalty"}}
    return DistributionBody(
        **asked(data),
        tokens=tokens,
        text=text,
        position=read_position(data),
        top=read_whole(data, "top", 5, 0, MOST_SHOWN),
        repetition_penalty=read_settings(penalised).repetition_penalty,
    )


def asked(data: Mapping[str, Any]) -> dict[str, Any]:
    """The model and its prompt: messages, or a plain text."""
    if ("messages" in data) == ("prompt" in data):
        raise invalid("Give either messages or a prompt.")
    messages = read_messages(data) if "messages" in data else ()
    return {
        "model": read_text(data, "model"),
        "messages": messages,
        "prompt": read_text(data, "prompt") or "",
        "continue_final": read_continue(data, messages),
    }


def parse_cancel(raw: bytes) -> str:
    request_id = read_id(known_fields(parse_object(raw), {"request_id"}))
    if request_id is None:
        raise invalid("Give the request_id to cancel.")
    return request_id


def parse_model(raw: bytes) -> str:
    """The one name that /v1/load and /v1/unload take."""
    name = read_text(known_fields(parse_object(raw), {"model"}), "model")
    if not name:
        raise invalid("Name the model.")
    return name


def common(data: Mapping[str, Any], **special: Any) -> Body:
    return Body(
        model=read_text(data, "model"),
        settings=read_settings(data),
        request_id=read_id(data) or secrets.token_hex(12),
        n=read_whole(data, "n", 1, 1, MAX_CHOICES),
        stream=read_flag(data, "stream"),
        include_usage=read_include_usage(data),
        tokens=read_tokens(data),
        token_ids=read_flag(data, "return_token_ids"),
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


def read_id(data: Mapping[str, Any]) -> str | None:
    value = read_text(data, "request_id")
    if value is not None and not 1 <= len(value) <= MAX_ID:
        raise invalid(f"request_id must have 1 to {MAX_ID} characters.")
    return value


def read_logprobs(data: Mapping[str, Any]) -> int | None:
    """How many alternatives a chat wants with each token; None without log probabilities."""
    alternatives = read_whole(data, "top_logprobs", 0, 0, MOST_ALTERNATIVES)
    if not read_flag(data, "logprobs"):
        if alternatives:
            raise invalid("top_logprobs needs logprobs: true.")
        return None
    return alternatives


def read_position(data: Mapping[str, Any]) -> int | None:
    return read_whole(data, "position", 0, 0, 1 << 31) if "position" in data else None
