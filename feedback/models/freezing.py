"""Working out what a dataset version would hold, and freezing it: work in the background."""

from django.conf import settings
from django.db import models

from feedback.models.project import Project
from training.models import DatasetVersion, Job
from training.models.job import JobQuerySet


class Freezing(Job):
    """`wanted` says how far to go. A version is frozen from a report that a person has seen:
    `seen` is the content hash it told, and where the rankings have changed since, there is a new
    report and no version. `unchanged`: the version was there already.

    `done_bytes` and `total_bytes` count tasks.
    """

    class Wanted(models.TextChoices):
        REPORT = "report", "A report"
        VERSION = "version", "A version"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="freezings")
    name = models.CharField(max_length=100)
    recipe = models.JSONField()
    wanted = models.CharField(max_length=7, choices=Wanted.choices, default=Wanted.REPORT)
    seen = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    report = models.JSONField(null=True, blank=True)
    changes = models.JSONField(null=True, blank=True)
    version = models.ForeignKey(
        DatasetVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    unchanged = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} from {self.project}, {self.get_state_display().lower()}"

    @property
    def is_to_confirm(self) -> bool:
        """A version was wanted, and there is a new report to look at instead."""
        ended = self.state == Job.State.DONE and self.wanted == self.Wanted.VERSION
        return ended and self.version is None

    @property
    def is_outdated(self) -> bool:
        """Rankings changed between the report that was seen and the wish to freeze it."""
        return bool(self.seen) and self.content_hash not in ("", self.seen)
