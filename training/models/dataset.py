"""Datasets and their versions: immutable files with a hash, split so that nothing leaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.access import ADMIN, is_in_group

if TYPE_CHECKING:
    from accounts.models import User


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def seen_by(self, user: "User") -> Self:
        """Their own, those that are shared, and every one for an admin."""
        if is_in_group(user, ADMIN):
            return self
        return self.filter(Q(owner=user) | Q(shared=True))

    def in_use(self) -> Self:
        """Those that were not put away."""
        return self.filter(archived_at=None)

    def with_versions(self) -> Self:
        """Each with `newest` (its newest version's id), `count` and `changed_at`."""
        newest = DatasetVersion.objects.filter(dataset=OuterRef("pk")).order_by("-number")
        return self.annotate(
            newest=Subquery(newest.values("pk")[:1]),
            count=Count("versions"),
            changed_at=Coalesce(Max("versions__created_at"), "created_at"),
        )

    def about(self, words: str) -> Self:
        """Those whose name, notes or licence hold the words."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(name__icontains=word) | Q(notes__icontains=word) | Q(licence__icontains=word)
            )
        return found


class Dataset(models.Model):
    """A name under which versions are kept; what a row holds depends on the kind.

    A `shared` one may be seen and used by every trainer; only its owner and admins change it.
    """

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
    notes = models.TextField(blank=True)
    licence = models.CharField(max_length=200, blank=True)
    shared = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("datasets:dataset", args=[self.pk])


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

    def get_absolute_url(self) -> str:
        return reverse("datasets:version", args=[self.dataset_id, self.number])

    @property
    def folder(self) -> Path:
        where: Any = settings.DATA_DIR
        return Path(where) / self.path

    @property
    def rows(self) -> int:
        """What the kind counts: of rankings the pairs, not the same answers labelled once more."""
        counted = "pairs." if self.dataset.kind == Dataset.Kind.PREFERENCE else ""
        return sum(facts["rows"] for name, facts in self.files.items() if name.startswith(counted))

    @property
    def size(self) -> int:
        return sum(facts["bytes"] for facts in self.files.values())
