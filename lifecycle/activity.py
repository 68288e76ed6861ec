"""Rehearsals, as the top bar tells them, and what they are called when they end."""

from collections.abc import Iterator

from accounts.activity import Source, Work, register
from accounts.models import User
from accounts.notifying import About
from lifecycle.models import Made, Rehearsal
from lifecycle.stages import EVERY
from training import notices
from training.models import Job

MOST = 4


def rehearsals(user: User) -> Iterator[Work]:
    for one in Rehearsal.objects.filter(owner=user).live()[:MOST]:
        done = one.stages.exclude(ended_at=None).count()
        share = 100 * done // len(EVERY)
        yield Work(str(one), "Rehearsal", one.get_absolute_url(), one.phase.lower(), share)


def about(one: Rehearsal) -> About:
    return About("Rehearsal", str(one.number), one.get_absolute_url())


def is_a_part(job: Job) -> bool:
    """What a rehearsal makes is told with the rehearsal, not by itself."""
    return Made.objects.filter(key=str(job.pk), stage__rehearsal__state__in=Job.LIVE).exists()


def file() -> None:
    notices.register(Rehearsal, about)
    notices.register_whole(is_a_part)
    register(Source("rehearsals", "All rehearsals", "rehearsals:list", rehearsals))
