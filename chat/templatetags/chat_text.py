"""Filters for showing answers and what made them."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from chat import markdown
from llmkit.types import GenerationSettings

register = template.Library()


@register.filter
def as_markdown(text: str) -> SafeString:
    return markdown.render(text)


@register.filter
def in_words(settings: dict[str, Any]) -> str:
    """Settings as a person would say them: 'greedy, up to 512 tokens'."""
    s = GenerationSettings.from_dict(settings)
    words = ["greedy"] if s.greedy else [f"temperature {s.temperature:g}"]
    if not s.greedy and s.top_k:
        words.append(f"top-k {s.top_k}")
    if not s.greedy and s.top_p < 1:
        words.append(f"top-p {s.top_p:g}")
    if s.repetition_penalty != 1:
        words.append(f"repetition penalty {s.repetition_penalty:g}")
    words.append(f"up to {s.max_tokens} tokens")
    if s.stop:
        words.append("stops at " + ", ".join(repr(text) for text in s.stop))
    return ", ".join(words)


@register.filter
def milliseconds(value: float | None) -> str:
    """'350 ms' or '1.2 s'."""
    if value is None:
        return "–"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


@register.filter
def ending(reason: str) -> str:
    """Why an answer ended, in words."""
    return {
        "stop": "the model ended it",
        "length": "cut at max new tokens or the window",
        "cancelled": "stopped by you",
    }.get(reason, "–")
