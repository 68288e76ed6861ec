"""Long work that is going on: rooms tell it about their own, the top bar shows it everywhere.

Beside it stands how many ends of such work one has not read about.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from accounts.access import may_enter
from accounts.models import Notification, User


@dataclass(frozen=True)
class Work:
    """One thing that runs or waits. `said` tells how far it is; `percent` is None where that is
    not known."""

    name: str
    what: str
    url: str
    said: str = ""
    percent: int | None = None


@dataclass(frozen=True)
class Source:
    """What tells a person's work. `room` is the URL namespace that one must be let into; `all` and
    `url_name` lead to the list of everything of the kind."""

    room: str
    all: str
    url_name: str
    find: Callable[[User], Iterable[Work]]


@dataclass(frozen=True)
class Activity:
    work: tuple[Work, ...] = ()
    lists: tuple[Source, ...] = ()
    watches: bool = False
    unread: int = 0

    @property
    def percent(self) -> int:
        """Of what is furthest; a quarter of the ring where nothing is known."""
        return max((each.percent for each in self.work if each.percent is not None), default=25)

    @property
    def mark(self) -> str:
        """Equal as long as it looks the same."""
        return hashlib.sha256(repr((self.work, self.unread)).encode()).hexdigest()[:12]


_sources: list[Source] = []


def register(source: Source) -> None:
    """File a source, once."""
    if source not in _sources:
        _sources.append(source)


def activity_of(user: object) -> Activity:
    """Of nobody: nothing. `watches`: whether anything could come."""
    if not isinstance(user, User) or not user.is_active:
        return Activity()
    mine = [source for source in _sources if may_enter(user, source.room)]
    found = [(source, tuple(source.find(user))) for source in mine]
    return Activity(
        work=tuple(work for _, each in found for work in each),
        lists=tuple(source for source, each in found if each),
        watches=bool(mine),
        unread=Notification.objects.of(user).unread().count() if mine else 0,
    )
