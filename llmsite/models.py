"""What the app knows of itself: which of its processes live, what broke, and when it cleaned up.

All of it is told in the database, whatever the broker is.
"""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

HEARD_EVERY = timedelta(seconds=15)
SILENT_AFTER = 4 * HEARD_EVERY
KEPT = timedelta(hours=12)
KEPT_CLEAN_UPS = 100


class ProcessQuerySet(models.QuerySet["Process"]):
    def hear(self, kind: str, host: str, pid: int) -> None:
        """This process lives. Rows that have been silent for long go."""
        now = timezone.now()
        self.update_or_create(kind=kind, host=host, pid=pid, defaults={"heard_at": now})
        self.filter(heard_at__lt=now - KEPT).delete()

    def left(self, kind: str, host: str, pid: int) -> None:
        """It ended as it should, so that nobody misses it."""
        self.filter(kind=kind, host=host, pid=pid).delete()


class Process(models.Model):
    """A web process or a worker. One that fell silent was killed, or can't reach the database."""

    kind = models.CharField(max_length=50)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(auto_now_add=True)
    heard_at = models.DateTimeField(default=timezone.now)

    objects = ProcessQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "host", "pid"]
        verbose_name_plural = "processes"
        constraints = [
            models.UniqueConstraint(fields=["kind", "host", "pid"], name="one_row_a_process")
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.host} ({self.pid})"

    @property
    def silent(self) -> bool:
        return timezone.now() - self.heard_at > SILENT_AFTER


class CleanUpQuerySet(models.QuerySet["CleanUp"]):
    def newest(self) -> "CleanUp | None":
        return self.order_by("-ended_at").first()

    def forget_old(self) -> None:
        """The last hundred tell enough; what went is in the audit log."""
        kept = self.order_by("-ended_at").values_list("pk", flat=True)[:KEPT_CLEAN_UPS]
        self.exclude(pk__in=list(kept)).delete()


class CleanUp(models.Model):
    """One time that what nothing needed was removed; `kinds` are `llmsite.retention.Cleaned`."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(auto_now_add=True)
    things = models.PositiveIntegerField(default=0)
    freed_bytes = models.BigIntegerField(default=0)
    kinds = models.JSONField(default=list)

    objects = CleanUpQuerySet.as_manager()

    class Meta:
        ordering = ["-ended_at"]

    def __str__(self) -> str:
        return f"{self.things} things, {self.freed_bytes} bytes"


class FaultQuerySet(models.QuerySet["Fault"]):
    def note(self, key: str, **about: str) -> None:
        """Once more, or for the first time; of two at the same moment both count."""
        now = timezone.now()
        self.bulk_create([self.model(key=key, times=0, **about)], ignore_conflicts=True)
        again = {"times": models.F("times") + 1, "last_at": now, "doing": about["doing"]}
        self.filter(key=key).update(**again)

    def since(self, moment: datetime) -> "FaultQuerySet":
        return self.filter(last_at__gte=moment).order_by("-last_at")


class Fault(models.Model):
    """One error at one place in the code, and how often. `doing`: the page's route or the task's
    name, the last time."""

    class Source(models.TextChoices):
        PAGE = "page", "Page"
        TASK = "task", "Task"

    key = models.CharField(max_length=64, unique=True, editable=False)
    source = models.CharField(max_length=4, choices=Source.choices)
    what = models.CharField(max_length=100)
    where = models.CharField(max_length=200)
    doing = models.CharField(max_length=300, blank=True)
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    objects = FaultQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]

    def __str__(self) -> str:
        return f"{self.what} in {self.where}"
