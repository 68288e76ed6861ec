"""A file of rankings that was read, the rows of it that could not be, and the work of it."""

from typing import Self

from django.conf import settings
from django.db import models

from feedback.models.project import Project
from training.models import Job
from training.models.job import JobQuerySet


class Import(models.Model):
    """`sha256` names the file: the same file is not read into a project twice."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    format = models.CharField(max_length=40)
    file_name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    tasks = models.PositiveIntegerField(default=0)
    annotations = models.PositiveIntegerField(default=0)
    repaired = models.JSONField(default=dict)
    refused = models.JSONField(default=dict)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "format", "sha256"], name="a_file_is_imported_once"
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def refused_rows(self) -> int:
        return sum(self.refused.values())


class QuarantinedRow(models.Model):
    found_in = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="quarantine")
    number = models.PositiveIntegerField()
    fault = models.CharField(max_length=300)
    raw = models.TextField()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Row {self.number}: {self.fault}"


class ImportJobQuerySet(JobQuerySet):
    def unfinished(self) -> Self:
        """At work, or ended without a result that would stand in the history."""
        return self.exclude(state=Job.State.DONE)


class ImportJob(Job):
    """Reading an uploaded file into a project. `done_bytes` count what has arrived of it, rows
    what has been read or written in the phase it is in.

    `overlap` is how many people are to rank the tasks once more, 0 for nobody.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="import_jobs")
    format = models.CharField(max_length=40)
    file_name = models.CharField(max_length=300)
    overlap = models.PositiveSmallIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    total_rows = models.PositiveIntegerField(default=0)
    staging = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    result = models.OneToOneField(
        Import, null=True, blank=True, on_delete=models.SET_NULL, related_name="job"
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ImportJobQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.file_name

    @property
    def percent_of_rows(self) -> int | None:
        """How much of this phase is done, None where the whole is not known yet."""
        if not self.total_rows:
            return None
        return min(100, 100 * self.done_rows // self.total_rows)
