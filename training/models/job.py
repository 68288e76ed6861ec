"""Long work as a row: the row, not the broker, is the truth about it.

A worker claims a waiting row by a conditional update; every later write is fenced by "it runs,
in this attempt, and it is mine". Whatever the broker loses or delivers twice, one worker at a
time does the work, and one that went silent is found by the reaper.
"""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from training.signals import jobs_ended

SILENT_AFTER = timedelta(seconds=60)


class JobLostError(Exception):
    """The row is no longer this worker's: someone else ended it or took it over."""


class JobQuerySet(models.QuerySet[Any]):
    def update(self, **changes: Any) -> int:
        """An update that ends rows, or asks for their end, tells so in its own transaction. All
        endings come through here, whoever makes them: a worker, the reaper, a person."""
        asked = bool(changes.get("cancel_requested"))
        if not asked and changes.get("state") not in Job.ENDED:
            return super().update(**changes)
        with transaction.atomic(using=self.db):
            rows = list(self.select_for_update(of=("self",)))
            changed = super().update(**changes) if rows else 0
            for row in rows:
                _change(row, changes)
            jobs_ended.send(self.model, rows=rows, asked=asked)
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def live(self) -> Self:
        return self.filter(state__in=Job.LIVE)

    def silent(self) -> Self:
        """Running ones that have not been heard of for SILENT_AFTER."""
        return self.filter(state="running", heartbeat_at__lt=timezone.now() - SILENT_AFTER)

    def claim(self, pk: object, *, attempt: int, worker: str) -> bool:
        """Whether the waiting row is now this worker's."""
        now = timezone.now()
        return bool(
            self.filter(pk=pk, state="waiting", attempt=attempt).update(
                state="running", worker=worker, heartbeat_at=now, started_at=now
            )
        )

    def held(self, pk: object, *, attempt: int, worker: str) -> Self:
        """The row while it is that worker's, for fenced updates."""
        return self.filter(pk=pk, state="running", attempt=attempt, worker=worker)


def _change(row: models.Model, changes: dict[str, Any]) -> None:
    """As the database has it now; what only the database can work out is left as it was."""
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)


class Job(models.Model):
    """What every kind of long work has. `phase` says in words what is being done now."""

    class State(models.TextChoices):
        RECEIVING = "receiving", "Uploading"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    LIVE = (State.RECEIVING, State.WAITING, State.RUNNING)
    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=1)
    worker = models.CharField(max_length=200, blank=True)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    cancel_requested = models.BooleanField(default=False)
    phase = models.CharField(max_length=200, blank=True)
    done_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["created_at"]

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def percent(self) -> int | None:
        """How much is done, None where the whole is not known yet."""
        if not self.total_bytes:
            return None
        return min(100, 100 * self.done_bytes // self.total_bytes)


def one_live(*fields: str, name: str) -> models.UniqueConstraint:
    """At most one live row for these fields."""
    return models.UniqueConstraint(
        fields=fields, condition=Q(state__in=["receiving", "waiting", "running"]), name=name
    )
