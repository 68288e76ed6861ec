"""Filters for showing files: how long they are, and what was sent of them."""

from typing import Any

from django import template
from django.template.defaultfilters import filesizeformat

from chat.models import Document
from llmkit.client import TokenCount

register = template.Library()
KINDS = {"txt": "Text", "md": "Markdown", "pdf": "PDF", "docx": "Word"}


@register.filter
def thousands(number: int) -> str:
    """5800 as '5,800'."""
    return f"{number:,}"


@register.filter
def counted(count: int, noun: str) -> str:
    """'1 page', '5,800 words'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@register.filter
def about(document: Document) -> str:
    """'PDF, 3 pages, 5,800 words, 240 KB'."""
    facts = [KINDS.get(document.kind, document.kind)]
    if document.pages is not None:
        facts.append(counted(document.pages, "page"))
    facts += [counted(document.words, "word"), filesizeformat(document.size).replace("\xa0", " ")]
    return ", ".join(facts)


@register.filter
def token_count(found: TokenCount) -> str:
    """An engine stops counting what no window of its model holds."""
    return ("" if found.exact else "more than ") + counted(found.count, "token")


@register.filter
def sent(cut: dict[str, Any]) -> str:
    """'the first 1,240 of 5,800 words'; 'none of its words' where nothing fitted."""
    if not cut["words"]:
        return "none of its words"
    return f"the first {cut['words']:,} of {cut['of']:,} words"
