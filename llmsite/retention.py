"""What nothing needs any more goes, once a day: kind by kind, each with its days.

Each room tells what of its own may go. Nothing that a lineage, a run that could be gone on with or
a dataset's version needs is among it. Whatever can't be removed now is tried again the next day.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accounts import retention as people
from accounts.recording import Kind as Recorded
from accounts.recording import Verb, record
from chat.services import retention as chats
from evaluation.services import retention as evaluations
from feedback.services import retention as rankings
from llmkit.removing import Removable
from llmkit.sizes import in_words
from llmsite.celery import CLEANS_AT
from llmsite.models import CleanUp, Fault
from training.services import retention as runs

log = logging.getLogger(__name__)
Find = Callable[[datetime], Iterator[Removable]]


@dataclass(frozen=True)
class Kind:
    """`setting` names its days; one that has none goes as soon as it is over."""

    name: str
    title: str
    setting: str
    find: tuple[Find, ...]

    @property
    def days(self) -> int:
        return int(getattr(settings, self.setting)) if self.setting else 0

    @property
    def is_kept(self) -> bool:
        """For good, by the wish of whoever runs the server."""
        return bool(self.setting) and not self.days

    def found(self) -> Iterator[Removable]:
        before = timezone.now() - timedelta(days=self.days)
        return iter(()) if self.is_kept else chain.from_iterable(f(before) for f in self.find)


def old_faults(before: datetime) -> Iterator[Removable]:
    found = Fault.objects.filter(last_at__lt=before)
    if count := found.count():
        yield Removable("faults", lambda: bool(found.delete()[0]), things=count)


KINDS = (
    Kind("checkpoints", "Checkpoints", "KEEP_CHECKPOINTS_DAYS", (runs.old_checkpoints,)),
    Kind("answers", "Raw answers", "KEEP_ANSWERS_DAYS", (evaluations.old_answers,)),
    Kind("uploads", "Uploads", "KEEP_UPLOADS_DAYS", (chats.unused_files, rankings.left_files)),
    Kind(
        "leftovers",
        "Leftovers",
        "KEEP_LEFTOVERS_DAYS",
        (runs.unknown_folders, evaluations.unknown_folders, runs.half_made),
    ),
    Kind("claims", "Expired claims", "KEEP_CLAIMS_DAYS", (rankings.old_claims,)),
    Kind("notifications", "Notifications", "KEEP_NOTIFICATIONS_DAYS", (people.old_notifications,)),
    Kind("faults", "Faults", "KEEP_NOTIFICATIONS_DAYS", (old_faults,)),
    Kind("sessions", "Sessions", "", (people.over_sessions,)),
)


@dataclass
class Cleaned:
    """What went of one kind, or would go. `failed` could not be removed now."""

    kind: str
    title: str
    days: int | None
    things: int = 0
    bytes: int = 0
    failed: int = 0

    @property
    def size(self) -> str:
        return in_words(self.bytes) if self.bytes else ""


def clean_up(*, dry_run: bool = False, say: Callable[[str], None] = log.info) -> list[Cleaned]:
    """Remove it, or only tell. `say` hears of each thing."""
    began = timezone.now()
    found = [_of_kind(kind, dry_run, say) for kind in KINDS]
    if not dry_run:
        _stored(began, found)
    return found


def _of_kind(kind: Kind, dry_run: bool, say: Callable[[str], None]) -> Cleaned:
    done = Cleaned(kind.name, kind.title, None if kind.is_kept else kind.days)
    for one in kind.found():
        try:
            gone = dry_run or one.remove()
        except (OSError, DatabaseError) as error:
            log.warning("%s can't be removed now: %s", one.what, error)
            done.failed += 1
            continue
        if gone:
            say(f"{kind.title}: {one.what} ({in_words(one.bytes)})" if one.bytes else one.what)
            done.things += one.things
            done.bytes += one.bytes
    return done


def _stored(began: datetime, found: list[Cleaned]) -> None:
    things, freed = sum(each.things for each in found), sum(each.bytes for each in found)
    told = [asdict(each) for each in found if each.things or each.failed]
    CleanUp.objects.create(started_at=began, things=things, freed_bytes=freed, kinds=told)
    CleanUp.objects.forget_old()
    if things:
        of = ", ".join(each["kind"] for each in told)
        record(verb=Verb.CLEANED_UP, kind=Recorded.SITE, name=of, freed=in_words(freed))


def next_time(now: datetime | None = None) -> datetime:
    """When the worker cleans up next, in the site's time zone."""
    here = timezone.localtime(now)
    today = here.replace(hour=CLEANS_AT[0], minute=CLEANS_AT[1], second=0, microsecond=0)
    return today if today > here else today + timedelta(days=1)
