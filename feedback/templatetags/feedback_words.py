"""Numbers of this room as people say them, and texts that may hold anything."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from feedback.progress import Progress
from llmkit import markdown

register = template.Library()


@register.filter
def in_words(progress: Progress) -> str:
    """'12 of 40 tasks ranked, 3 begun'."""
    if not progress.total:
        return "No tasks yet"
    noun = "task" if progress.total == 1 else "tasks"
    begun = f", {progress.begun:,} begun" if progress.begun else ""
    return f"{progress.ranked:,} of {progress.total:,} {noun} ranked{begun}"


@register.filter
def share(progress: Progress, upto: str) -> str:
    """Percent of the bar's width that is ranked, or ranked and begun, for an SVG attribute."""
    part = progress.ranked + (progress.begun if upto == "begun" else 0)
    return f"{100 * part / progress.total:.2f}"


@register.filter
def as_markdown(text: str) -> SafeString:
    return mark_safe(markdown.render(text))  # noqa: S308


@register.filter
def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.0f}"
