"""What runs, waits, fails and takes room, read at the moment of asking."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from accounts.forms import RIGHTS
from accounts.models import Invitation, User
from api.models import ApiKey
from llmkit.sizes import in_words
from llmsite import retention
from llmsite.models import CleanUp, Fault, Process
from training.models.job import Job
from training.services.serving import Serving, serving

RECENT = timedelta(days=7)
LISTED = 10
FULL = 90
KINDS = {
    "addition": "Models being added",
    "batch": "Answers for ranking",
    "datasetaddition": "Datasets being added",
    "doubting": "Tasks being scored",
    "evaluationrun": "Evaluations",
    "filling": "Red-team answers",
    "freezing": "Datasets being frozen",
    "importjob": "Imports of rankings",
    "rehearsal": "Rehearsals",
    "trainingjob": "Training runs",
}
FOLDERS = ("models", "adapters", "rewards", "runs", "evaluations", "datasets", "uploads", "trash")


@dataclass(frozen=True)
class Queue:
    """One kind of long work: how many rows are in which state."""

    name: str
    waiting: int
    running: int
    failed: int


@dataclass(frozen=True)
class Failure:
    """A job that failed lately, in its own words. `url` leads to it where it has a page."""

    what: str
    error: str
    at: Any
    url: str


@dataclass(frozen=True)
class Disk:
    free: str
    whole: str
    percent: int
    folders: tuple[tuple[str, str], ...]

    @property
    def nearly_full(self) -> bool:
        return self.percent >= FULL


@dataclass(frozen=True)
class System:
    processes: list[Process]
    engines: Serving
    gpus: list[str]
    queues: list[Queue]
    failures: list[Failure]
    faults: list[Fault]
    disk: Disk
    cleaned: CleanUp | None
    cleans_at: datetime
    people: int
    rights: list[tuple[str, int]]
    invitations: int
    keys: int


def look() -> System:
    engines = serving()
    kinds = sorted(Job.__subclasses__(), key=name_of)
    return System(
        processes=list(Process.objects.all()),
        engines=engines,
        gpus=gpus(engines),
        queues=[queue_of(kind) for kind in kinds],
        failures=failures(kinds),
        faults=list(Fault.objects.since(timezone.now() - RECENT)[:LISTED]),
        disk=disk(),
        cleaned=CleanUp.objects.newest(),
        cleans_at=retention.next_time(),
        people=User.objects.filter(is_active=True).count(),
        rights=rights(),
        invitations=Invitation.objects.open().count(),
        keys=ApiKey.objects.usable().count(),
    )


def rights() -> list[tuple[str, int]]:
    """What people may do, in the words of the people page, and how many may."""
    counted = User.objects.filter(is_active=True).values_list("groups__name").annotate(Count("pk"))
    found = dict(counted.order_by())
    return [(words, found.get(group, 0)) for group, words in RIGHTS]


def name_of(kind: Any) -> str:
    """In the words of the pages."""
    return KINDS.get(kind._meta.model_name, str(kind._meta.verbose_name_plural).capitalize())


def queue_of(kind: Any) -> Queue:
    lately = timezone.now() - RECENT
    counts = kind._base_manager.exclude(state="failed", ended_at__lt=lately).order_by()
    found = dict(counts.values_list("state").annotate(Count("pk")))
    return Queue(
        name_of(kind), found.get("waiting", 0), found.get("running", 0), found.get("failed", 0)
    )


def failures(kinds: list[Any]) -> list[Failure]:
    lately = timezone.now() - RECENT
    found = [
        Failure(str(job), job.error, job.ended_at, address_of(job))
        for kind in kinds
        for job in kind._base_manager.filter(state="failed", ended_at__gte=lately)
        .order_by("-ended_at")
        .select_related()[:LISTED]
    ]
    return sorted(found, key=lambda failure: failure.at, reverse=True)[:LISTED]


def address_of(job: Any) -> str:
    return str(job.get_absolute_url()) if hasattr(job, "get_absolute_url") else ""


def disk() -> Disk:
    usage = shutil.disk_usage(settings.DATA_DIR)
    sizes = [(name, size_of(settings.DATA_DIR / name)) for name in FOLDERS]
    largest = sorted(((size, name) for name, size in sizes if size), reverse=True)
    percent = round(100 * (usage.total - usage.free) / usage.total)
    folders = tuple((name, in_words(size)) for size, name in largest)
    return Disk(in_words(usage.free), in_words(usage.total), percent, folders)


def size_of(folder: Path) -> int:
    """Bytes on the disk; a file with two names counts once."""
    return sum(dict(_files(folder)).values())


def _files(folder: Path) -> Iterator[tuple[int, int]]:
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            found = path.lstat()
        except OSError:
            continue
        yield found.st_ino, found.st_blocks * 512


def gpus(engines: Serving) -> list[str]:
    """By the engines' word, which own them: the web process loads no model library."""
    devices = {each.device for each in engines.models.values() if each.device}
    return sorted(device for device in devices if device != "cpu")
