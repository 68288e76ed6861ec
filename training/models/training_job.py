"""The work of training: what goes in, how far it is, and what came out."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from training.models.dataset import DatasetVersion
from training.models.job import Job, JobQuerySet
from training.models.sweep import Sweep
from training.models.version import ModelVersion

if TYPE_CHECKING:
    from accounts.models import User

FOLDER = "runs"
STATUS = {
    "waiting": "queued",
    "running": "running",
    "done": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
UNDO = timedelta(days=1)
COLOURS, DASHES = 8, 4


def last_place() -> int:
    """Behind every place that was given before: microseconds of the clock."""
    return time.time_ns() // 1000


class TrainingJobQuerySet(JobQuerySet):
    def of(self, user: "User", *, everyone: bool = False) -> Self:
        known = self.known()
        return known if everyone else known.filter(owner=user)

    def known(self) -> Self:
        """Those that were not removed."""
        return self.filter(removed_at=None)

    def restorable(self) -> Self:
        """Removed ones whose folder is kept for a while."""
        return self.filter(removed_at__gte=timezone.now() - UNDO)

    def gone(self) -> Self:
        """Removed ones that can't be brought back any more."""
        return self.filter(removed_at__lt=timezone.now() - UNDO)

    def about(self, words: str) -> Self:
        """Those whose name, notes, method or model holds the words."""
        found = self
        for word in words.split():
            own = models.Q(name__icontains=word) | models.Q(notes__icontains=word)
            parts = own | models.Q(method__icontains=word)
            found = found.filter(parts | models.Q(model__name__icontains=word))
        return found

    def ended(self) -> Self:
        return self.exclude(state__in=Job.LIVE)

    def with_names(self) -> Self:
        """With all that a line of a list tells, in one query."""
        return self.select_related("owner", "model", "produced")

    def next_look(self) -> int:
        """The one after the newest run's, so that those that are compared look different."""
        newest = self.order_by("-created_at").values_list("look", flat=True).first()
        return 0 if newest is None else (newest + 1) % (COLOURS * DASHES)

    def queue(self) -> Self:
        """Those that wait, in the order in which workers take them."""
        waiting = self.filter(state=Job.State.WAITING)
        return waiting.order_by("-priority", "place", "created_at")

    def with_model(self, version: ModelVersion) -> Self:
        """Those that hold it in one of their slots."""
        slots = models.Q(model=version) | models.Q(adapter=version)
        return self.filter(slots | models.Q(reward_model=version))


class TrainingJob(Job):
    """One run. `config` is the method's, `peft` the way of tuning's, with its name as `kind`.

    The run's folder holds the whole story; the row keeps the last `measures` and when the end is
    expected, and `events_read` says up to which byte of its events they go. `child` names the
    process that trains. `deaths` counts how often that one died at `died_at` steps without getting
    any further. Of those with the same `priority`, the one with the lowest `place` is next.

    `plan` is what was known before it began (`services.runs.preflight`); `swept` holds the settings
    in which it differs from the others of its sweep.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    name = models.CharField(max_length=96)
    method = models.CharField(max_length=40)
    config = models.JSONField(default=dict)
    peft = models.JSONField(default=dict)
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="runs")
    adapter = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="runs_going_on"
    )
    reward_model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="runs_rewarded"
    )
    datasets = models.ManyToManyField(DatasetVersion, through="TrainingData", related_name="runs")
    plan = models.JSONField(default=dict)
    sweep = models.ForeignKey(Sweep, null=True, on_delete=models.SET_NULL, related_name="runs")
    swept = models.JSONField(default=dict)
    cloned_from = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="clones"
    )
    notes = models.TextField(blank=True, max_length=10_000)
    look = models.PositiveSmallIntegerField(default=0)
    processes = models.PositiveSmallIntegerField(default=1)
    priority = models.SmallIntegerField(default=0)
    place = models.BigIntegerField(default=last_place)
    removed_at = models.DateTimeField(null=True, blank=True)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    expected_at = models.DateTimeField(null=True, blank=True)
    measures = models.JSONField(default=dict)
    warnings = models.PositiveIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)
    events_read = models.BigIntegerField(default=0)
    child = models.CharField(max_length=200, blank=True)
    deaths = models.PositiveSmallIntegerField(default=0)
    died_at = models.PositiveIntegerField(default=0)
    produced = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.SET_NULL, related_name="made_by"
    )

    objects = TrainingJobQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        indexes = [models.Index(fields=["state", "-priority", "place"], name="run_queue")]

    def __str__(self) -> str:
        return f"run {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("training:run", args=[self.pk])

    @property
    def colour(self) -> int:
        return self.look % COLOURS

    @property
    def dash(self) -> int:
        """How its curves are broken, for runs of the same colour."""
        return self.look // COLOURS % DASHES

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.pk}"

    @property
    def folder(self) -> Path:
        where: Any = settings.DATA_DIR
        return Path(where) / self.path

    @property
    def status(self) -> str:
        """The word that scripts read."""
        return STATUS.get(self.state, self.state)

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.step // self.steps) if self.steps else None

    @property
    def can_resume(self) -> bool:
        return self.state in (Job.State.FAILED, Job.State.CANCELLED)


class TrainingData(models.Model):
    """A dataset version that goes into a run; `weight` is its share where there are several."""

    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="data")
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    weight = models.FloatField(default=1.0)
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["job", "place"]
        constraints = [
            models.UniqueConstraint(fields=["job", "place"], name="one_dataset_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.job}"
