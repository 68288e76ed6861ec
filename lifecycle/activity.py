"""Rehearsals, as the top bar tells them."""

from collections.abc import Iterator

from accounts.activity import Source, Work, register
from accounts.models import User
from lifecycle.models import Rehearsal
from lifecycle.stages import EVERY

MOST = 4


def rehearsals(user: User) -> Iterator[Work]:
    for one in Rehearsal.objects.filter(owner=user).live()[:MOST]:
        done = one.stages.exclude(ended_at=None).count()
        share = 100 * done // len(EVERY)
        yield Work(str(one), "Rehearsal", one.get_absolute_url(), one.phase.lower(), share)


def file() -> None:
    register(Source("rehearsals", "All rehearsals", "rehearsals:list", rehearsals))
