"""The work of adding one model."""

from typing import Self

from django.conf import settings
from django.db import models

from training.models.job import Job, JobQuerySet, one_live
from training.models.version import ModelVersion


class AdditionQuerySet(JobQuerySet):
    def latest_of(self, version: ModelVersion) -> "Addition | None":
        found: Addition | None = self.filter(version=version).order_by("-created_at").first()
        return found

    def abandoned_uploads(self) -> Self:
        return self.filter(state=Job.State.RECEIVING)


class Addition(Job):
    """`origin` is a hub id, a server path, or for an upload the file's own name."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="additions")
    source = models.CharField(max_length=7, choices=ModelVersion.Source.choices)
    origin = models.CharField(max_length=1000)
    revision = models.CharField(max_length=100, blank=True)
    uploaded = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = AdditionQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        constraints = [one_live("version", name="one_live_addition_per_model")]

    def __str__(self) -> str:
        return f"{self.version}, {self.get_state_display().lower()}"

    @property
    def can_retry(self) -> bool:
        """An upload's file is gone when it ends, so it is chosen and sent again."""
        return not self.is_live and not self.uploaded
