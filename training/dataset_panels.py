"""What rooms above this one show on a dataset version's page: they register a panel.

A panel is asked when one version is looked at; it answers with what to show, or None where it has
nothing to say. `source` is one sentence on what the version was made from, with an address if
there is one. Lists of versions ask for that sentence alone, of all at once: `register_origins`.
"""

from collections.abc import Callable, Mapping, Sequence
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


@dataclass(frozen=True)
class Origin:
    words: str
    url: str = ""


Source = Callable[[DatasetVersion, User], Panel | None]
Origins = Callable[[Sequence[DatasetVersion], User], Mapping[int, Origin]]
_sources: list[Source] = []
_origins: list[Origins] = []


def register(source: Source) -> Source:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)
    return source


def register_origins(origins: Origins) -> Origins:
    """File a source of origins by version id, once."""
    if origins not in _origins:
        _origins.append(origins)
    return origins


def origins_of(versions: Sequence[DatasetVersion], user: User) -> dict[int, Origin]:
    """What other rooms say about where versions came from; the first to say it counts."""
    found: dict[int, Origin] = {}
    for source in reversed(_origins):
        found |= source(versions, user)
    return found


def panels_of(version: DatasetVersion, user: User) -> list[Panel]:
    """What there is to show to this person, in the order of registration."""
    found = (source(version, user) for source in _sources)
    return [panel for panel in found if panel is not None]
