"""Strict reading of stored or typed data: each refusal is one sentence about one thing."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmkit.prompts.errors import PromptTemplateError
from llmkit.registry import near_names

MAX_TEXT = 20_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def mapping(value: Any, *, where: str, known: Iterable[str]) -> Mapping[str, Any]:
    """A mapping with no key outside `known`."""
    if not isinstance(value, Mapping):
        raise PromptTemplateError(f"{where} must be a mapping of names to values.")
    names = list(known)
    for key in value:
        if key not in names:
            raise PromptTemplateError(
                f"{where} has the unknown key {str(key)[:60]!r}. {near_names(str(key), names)}"
            )
    return value


def text(value: Any, *, where: str, empty: bool = False, limit: int = MAX_TEXT) -> str:
    """A string of at most `limit` characters, refused when blank unless `empty`."""
    if not isinstance(value, str):
        raise PromptTemplateError(f"{where} must be text; put numbers and yes/no in quotes.")
    if not empty and not value.strip():
        raise PromptTemplateError(f"{where} is empty.")
    if len(value) > limit:
        raise PromptTemplateError(
            f"{where} is {len(value):,} characters long; the limit is {limit:,}."
        )
    if _UNSTORABLE.search(value):
        raise PromptTemplateError(f"{where} holds a NUL or half a character; remove it.")
    return value


def whole(value: Any, *, where: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PromptTemplateError(f"{where} must be a whole number between {low} and {high}.")
    return value


def flag(value: Any, *, where: str) -> bool:
    if not isinstance(value, bool):
        raise PromptTemplateError(f"{where} must be true or false.")
    return value


def items(value: Any, *, where: str, limit: int) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise PromptTemplateError(f"{where} must be a list.")
    if len(value) > limit:
        raise PromptTemplateError(f"{where} has {len(value)} entries; the limit is {limit}.")
    return list(value)


def one_of(value: Any, choices: Iterable[str], *, where: str) -> str:
    names = list(choices)
    if value not in names:
        shown = str(value)[:60]
        raise PromptTemplateError(f"{where} can't be '{shown}'. {near_names(shown, names)}")
    return str(value)
