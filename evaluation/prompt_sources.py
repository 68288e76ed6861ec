"""Prompt templates that rooms above this one have: they register a source of plain data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Offered:
    """`key` names it in a form; `spec` is what `llmkit.prompts.PromptTemplate` is made from."""

    key: str
    name: str
    version: int
    spec: Mapping[str, Any]

    def for_run(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "spec": dict(self.spec)}


Source = Callable[["User"], list[Offered]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def offered(user: "User") -> list[Offered]:
    return [found for source in _sources for found in source(user)]
