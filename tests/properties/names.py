"""The fields that views and forms read, found in their source: one that is new is tried, too."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings

READ = re.compile(
    r"""(?:POST|GET|data|sent|query|FILES|body)(?:\.get|\.getlist|\.pop)?[(\[]\s*f?["']([\w.-]+)["']"""
)
ROOMS = ("accounts", "api", "chat", "evaluation", "feedback", "lifecycle", "llmsite", "training")


def fields_by_room() -> dict[str, list[str]]:
    """By the package that a view lies in."""
    found: dict[str, set[str]] = defaultdict(set)
    for room in ROOMS:
        for path in (Path(settings.BASE_DIR) / room).rglob("*.py"):
            found[room] |= set(READ.findall(path.read_text()))
    for kind in every(forms.BaseForm):
        found[kind.__module__.partition(".")[0]] |= set(getattr(kind, "base_fields", {}))
    return {room: sorted(names) for room, names in found.items()}


def every(kind: type[Any]) -> Iterable[type[Any]]:
    for below in kind.__subclasses__():
        yield below
        yield from every(below)
