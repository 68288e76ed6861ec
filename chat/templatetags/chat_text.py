"""Filters for showing answers and what made them."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from chat import markdown
from chat.thread import Shown
from llmkit.types import GenerationSettings
from llmkit.words import setting_words

register = template.Library()

UNKNOWN = "–"
ENDINGS = {
    "stop": "the model ended it",
    "length": "cut at max new tokens or the window",
    "cancelled": "stopped by you",
    "too_long": "the prompt does not fit",
}


@register.filter
def as_markdown(text: str) -> SafeString:
    return markdown.render(text)


@register.filter
def percent(share: float | None) -> str:
    """A share 0..1 in whole percent; nothing where it is not known."""
    return "" if share is None else f"{int(share * 100)} %"


@register.filter
def in_words(settings: dict[str, Any]) -> str:
    """Settings as a person would say them: 'greedy, up to 512 tokens'."""
    return ", ".join(setting_words(GenerationSettings.from_dict(settings)))


def milliseconds(value: float | None) -> str:
    """'350 ms' or '1.2 s'."""
    if value is None:
        return UNKNOWN
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def tokens(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count} tokens"


@register.filter
def facts(shown: Shown) -> list[tuple[str, str]]:
    """What made an answer, as names and values in the order they are shown."""
    made = shown.generation
    if made is None:
        return []
    asked = shown.message.parent
    template_version = asked.template_version if asked else None
    speed = made.tokens_per_second
    return [
        ("Model", made.model),
        ("Template", str(template_version) if template_version else "none"),
        ("Settings", in_words(made.settings)),
        ("Seed", str(made.settings["seed"])),
        ("Prompt", tokens(made.prompt_tokens)),
        ("Answer", tokens(made.completion_tokens)),
        ("Speed", f"{speed:.1f} tokens/s" if speed else UNKNOWN),
        ("First token after", milliseconds(made.ttft_ms)),
        ("Ended", ENDINGS.get(made.finish_reason, UNKNOWN)),
        ("Left out", f"{len(made.dropped)} messages" if made.dropped else "nothing"),
    ]
