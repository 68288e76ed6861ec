"""Markdown of answers for templates."""

from django.utils.safestring import SafeString, mark_safe

from llmkit import markdown


def render(text: str) -> SafeString:
    return mark_safe(markdown.render(text))  # noqa: S308
