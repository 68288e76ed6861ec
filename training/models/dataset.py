"""Datasets and their versions: immutable files with a hash, split so that nothing leaks."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from accounts.models import User


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user)


class Dataset(models.Model):
    """A name under which versions are kept; what a row holds depends on the kind."""

    class Kind(models.TextChoices):
        PREFERENCE = "preference", "Preference pairs"
        COMPLETION = "completion", "Prompts with completions"
        TEXT = "text", "Plain text"
        PROMPT = "prompt", "Prompts only"
        EVALUATION = "evaluation", "Evaluation set"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="datasets"
    )
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(models.Model):
    """One frozen state. A run refers to a version, never to a dataset.

    `files` maps each file's name to {"sha256", "bytes", "rows"}; they lie in `path`, which is
    relative to DATA_DIR. `content_hash` is over the names and hashes of all files. `source` says
    what it was made from (rule version, seed, shares, revisions), `report` what came out.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    path = models.CharField(max_length=300)
    files = models.JSONField()
    content_hash = models.CharField(max_length=64)
    source = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["dataset", "number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_versions_count_up")
        ]

    def __str__(self) -> str:
        return f"{self.dataset}, version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A dataset version never changes; freeze a new one instead.")
        super().save(*args, **kwargs)
