"""Plain `{field}` substitution: one pass, no attribute access, no formats, nothing evaluated.

`{{` and `}}` stand for braces. Values are put in as they are, so a brace in an input stays a brace.
"""

import re
from collections.abc import Iterable, Mapping

from llmkit.prompts.errors import PromptTemplateError
from llmkit.registry import near_names

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def names_in(text: str, *, where: str) -> list[str]:
    """The fields a text names, in order and once each; a lone brace is refused."""
    names: dict[str, None] = {}
    for match in _TOKEN.finditer(text):
        if match[0] in "{}":
            raise PromptTemplateError(
                f"The {where} has a single '{match[0]}'; write '{match[0] * 2}' for a brace "
                "that is not a field."
            )
        if match[1] is not None:
            names[match[1]] = None
    return list(names)


def check_names(text: str, known: Iterable[str], *, where: str) -> None:
    """Refuse a text that names a field the template does not have."""
    fields = list(known)
    for name in names_in(text, where=where):
        if name not in fields:
            raise PromptTemplateError(
                f"The {where} names the field {name[:60]!r}, which this template does not have. "
                f"{near_names(name, fields)}"
            )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields replaced. Every name must be in `values`."""

    def replacement(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else values[match[1]]

    return _TOKEN.sub(replacement, text)
