"""Which processes of the app are alive: each says so in the database, whatever the broker is."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

HEARD_EVERY = timedelta(seconds=15)
SILENT_AFTER = 4 * HEARD_EVERY
KEPT = timedelta(hours=12)


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
