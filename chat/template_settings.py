"""The settings that a template suggests, as a form's texts and as data. Empty: not suggested."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from chat.forms import StopStringsField
from llmkit.prompts import PromptTemplateError
from llmkit.types import RANGES, GenerationSettings

PREFIX = "setting-"
WHOLE = ("max_tokens", "top_k", "seed")
LABELS = {name: label for name, (_, _, label) in RANGES.items()} | {"seed": "Seed"}
STOP = "stop"
NAMES = (*LABELS, STOP)


def posted(data: QueryDict) -> dict[str, str]:
    return {name: data.get(PREFIX + name, "").replace("\r\n", "\n") for name in NAMES}


def shown(settings: Mapping[str, Any]) -> dict[str, str]:
    """Stored suggestions as the form's texts."""
    texts = {name: f"{settings[name]}" for name in LABELS if settings.get(name) is not None}
    return {**texts, STOP: str(StopStringsField().prepare_value(settings.get(STOP) or []))}


def rows(typed: Mapping[str, str]) -> list[dict[str, str]]:
    """The numbers, each with its label and what holds where it is left empty."""
    defaults = GenerationSettings().to_dict()
    return [
        {
            "name": PREFIX + name,
            "label": label,
            "value": typed.get(name, ""),
            "default": "a new one" if defaults[name] is None else f"{defaults[name]:g}",
        }
        for name, label in LABELS.items()
    ]


def read(typed: Mapping[str, str]) -> dict[str, Any]:
    """Only what was filled in; ranges are checked with the rest of the template."""
    found = {n: _number(n, text.strip()) for n in LABELS if (text := typed.get(n, "")).strip()}
    stop = StopStringsField(required=False, strip=False).clean(typed.get(STOP, ""))
    return found | ({STOP: list(stop)} if stop else {})


def _number(name: str, text: str) -> float:
    try:
        return int(text) if name in WHOLE else float(text)
    except ValueError as error:
        kind = "a whole number" if name in WHOLE else "a number"
        raise PromptTemplateError(f"{LABELS[name]} must be {kind}, or left empty.") from error
