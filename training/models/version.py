"""The registry: one row for every model and adapter that this app knows."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

KEEP_REMOVED = timedelta(days=1)


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def known(self) -> Self:
        """All that were not removed, whether or not they can be used now."""
        return self.exclude(state=ModelVersion.State.DELETED)

    def called(self, name: str) -> "ModelVersion | None":
        """The known one of that name, else the one that had it before it was renamed."""
        known = self.known()
        now: ModelVersion | None = known.filter(name=name).first()
        return now or known.filter(former_names__name=name).first()

    def that_answer(self) -> Self:
        """Known ones that people can chat with."""
        return self.known().exclude(kind=ModelVersion.Kind.REWARD)

    def in_use(self) -> Self:
        """Those that were not put away."""
        return self.filter(archived_at=None)

    def ready(self) -> Self:
        return self.filter(state=ModelVersion.State.READY)

    def bases(self) -> Self:
        return self.exclude(kind=ModelVersion.Kind.ADAPTER)

    def restorable(self) -> Self:
        """Removed, and still in the trash."""
        return self.filter(
            state=ModelVersion.State.DELETED, removed_at__gt=timezone.now() - KEEP_REMOVED
        )


class ModelVersion(models.Model):
    """A model or adapter on this machine. `name` is its public id: `model` or `model:adapter`.

    `path` is its folder relative to DATA_DIR. `dtype` is what its weights are stored in,
    `precision` what the engine is asked to serve them in. `parent` is what it was trained from,
    `base` the model that an adapter sits on. How it came about (method, data, settings) is its
    run's story: `made_by`. An archived one is offered for nothing new and goes on answering.
    """

    class Kind(models.TextChoices):
        BASE = "base", "Model"
        ADAPTER = "adapter", "Adapter"
        MERGED = "merged", "Merged model"
        REWARD = "reward", "Reward model"

    class Source(models.TextChoices):
        HUB = "hub", "Hub"
        FOLDER = "folder", "Folder"
        GGUF = "gguf", "GGUF file"
        PACKAGE = "package", "Package"
        RUN = "run", "Run"
        MERGE = "merge", "Merged here"

    class State(models.TextChoices):
        ADDING = "adding", "Being added"
        READY = "ready", "Ready"
        FAILED = "failed", "Not added"
        MISSING = "missing", "Missing"
        DELETED = "deleted", "Removed"

    class Precision(models.TextChoices):
        AUTO = "auto", "Automatic"
        FLOAT32 = "float32", "float32"
        BFLOAT16 = "bfloat16", "bfloat16"
        FLOAT16 = "float16", "float16"
        INT8 = "int8", "8-bit"
        INT4 = "int4", "4-bit"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.BASE)
    source = models.CharField(max_length=7, choices=Source.choices)
    origin = models.CharField(max_length=1000, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    base = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="adapters"
    )
    licence = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    tags = models.JSONField(default=list, blank=True)
    architecture = models.CharField(max_length=200, blank=True)
    parameters = models.BigIntegerField(null=True, blank=True)
    window = models.PositiveIntegerField(null=True, blank=True)
    dtype = models.CharField(max_length=40, blank=True)
    precision = models.CharField(max_length=8, choices=Precision.choices, default=Precision.AUTO)
    size_bytes = models.BigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.READY)
    error = models.TextField(blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="models_added",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=~Q(state="deleted"), name="model_names_are_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("models:model", args=[self.pk])

    @property
    def is_adapter(self) -> bool:
        return self.kind == self.Kind.ADAPTER

    @property
    def trainable(self) -> int | None:
        """How many of its numbers were learned here, where that is known."""
        learned = self.is_adapter or self.kind == self.Kind.REWARD
        return self.parameters if learned or self.source == self.Source.RUN else None

    @property
    def short_name(self) -> str:
        """The adapter's own part of `model:adapter`."""
        return self.name.rpartition(":")[2]

    @property
    def folder(self) -> Path:
        where: Any = settings.DATA_DIR
        return Path(where) / self.path


class FormerName(models.Model):
    """A public id that a version had once. It goes on leading there, so nothing else may take it.

    Old answers, annotations and clients outside keep the name they were made with.
    """

    name = models.CharField(max_length=200, unique=True)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="former_names")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.name}, now {self.version}"
