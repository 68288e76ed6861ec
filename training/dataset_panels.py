"""What rooms above this one show on a dataset version's page: they register a panel.

A panel is asked for every version; it answers with what to show, or None where it has nothing to
say. `source` is one sentence on what the version was made from, with an address if there is one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from training.models import DatasetVersion


@dataclass(frozen=True)
class Panel:
    """`template` is included with `version` and `panel`; what it needs is in `panel.context`."""

    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    source_url: str = ""


Source = Callable[[DatasetVersion, User], Panel | None]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def panels_of(version: DatasetVersion, user: User) -> list[Panel]:
    """What there is to show to this person, in the order of registration."""
    found = (source(version, user) for source in _sources)
    return [panel for panel in found if panel is not None]
