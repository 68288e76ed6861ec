"""Asking a reward model where it is least sure: work in the background."""

from django.conf import settings
from django.db import models

from feedback.models.project import Project
from training.models import Job, ModelVersion
from training.models.job import JobQuerySet, one_live


class Doubting(Job):
    """`done_bytes` and `total_bytes` count tasks; `last` is the task that was looked at last, from
    which another worker goes on."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="doubtings")
    judge = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="doubtings")
    last = models.BigIntegerField(default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        ordering = ["-created_at"]
        constraints = [one_live("project", name="one_live_doubting_per_project")]

    def __str__(self) -> str:
        return f"{self.judge} on {self.project}, {self.get_state_display().lower()}"
