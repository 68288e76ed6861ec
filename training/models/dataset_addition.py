"""The work of adding one dataset version: first looking at what came, then building it.

In between a person says what it is: a row that is done with looking waits for their choices.
"""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from training.models.dataset import DatasetVersion
from training.models.job import Job, JobQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class DatasetAdditionQuerySet(JobQuerySet):
    def of(self, user: "User", *, everyone: bool) -> Self:
        return self if everyone else self.filter(started_by=user)

    def to_confirm(self) -> Self:
        """Looked at, and waiting for a person's choices."""
        return self.filter(state=Job.State.DONE, step=DatasetAddition.Step.LOOK)

    def open(self) -> Self:
        """Being worked on, or waiting for choices: their files are still needed."""
        waiting = Q(state=Job.State.DONE, step=DatasetAddition.Step.LOOK)
        return self.filter(Q(state__in=Job.LIVE) | waiting)

    def shown(self) -> Self:
        """What the list of datasets tells about: open ones, and those that failed."""
        ended = Q(state=Job.State.FAILED, dismissed=False)
        return self.filter(Q(pk__in=self.open()) | ended).order_by("-created_at")


class DatasetAddition(Job):
    """`origin` is a file's own name or a hub id; `config`, `split`, `revision` are the hub's.

    `found` is what looking told: columns, first rows, suggestions. `choices` is what was chosen:
    name, kind, mapping, splits. `deaths` counts the workers that died over it.
    """

    class Source(models.TextChoices):
        UPLOAD = "upload", "File"
        HUB = "hub", "Hub"

    class Step(models.TextChoices):
        LOOK = "look", "Looking at it"
        BUILD = "build", "Building"

    source = models.CharField(max_length=6, choices=Source.choices)
    step = models.CharField(max_length=5, choices=Step.choices, default=Step.LOOK)
    origin = models.CharField(max_length=1000)
    config = models.CharField(max_length=200, blank=True)
    split = models.CharField(max_length=200, blank=True)
    revision = models.CharField(max_length=100, blank=True)
    found = models.JSONField(default=dict)
    choices = models.JSONField(default=dict)
    version = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.SET_NULL, related_name="additions"
    )
    deaths = models.PositiveSmallIntegerField(default=0)
    dismissed = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = DatasetAdditionQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.name}, {self.get_state_display().lower()}"

    def get_absolute_url(self) -> str:
        return reverse("datasets:adding", args=[self.pk])

    @property
    def name(self) -> str:
        return str(self.choices.get("name") or self.origin)

    @property
    def is_to_confirm(self) -> bool:
        return self.state == Job.State.DONE and self.step == self.Step.LOOK

    @property
    def is_ended(self) -> bool:
        return self.state in (Job.State.FAILED, Job.State.CANCELLED)
