"""A file of rankings that was read, and the rows of it that could not be."""

from django.conf import settings
from django.db import models

from feedback.models.project import Project


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


class QuarantinedRow(models.Model):
    found_in = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="quarantine")
    number = models.PositiveIntegerField()
    fault = models.CharField(max_length=300)
    raw = models.TextField()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Row {self.number}: {self.fault}"
