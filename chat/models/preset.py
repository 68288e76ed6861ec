"""Named generation settings that a person keeps."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from llmkit.types import GenerationSettings

if TYPE_CHECKING:
    from accounts.models import User


class PresetQuerySet(models.QuerySet["Preset"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user)


class Preset(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets"
    )
    name = models.CharField(max_length=60)
    settings = models.JSONField()

    objects = PresetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="preset_names_differ")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def generation_settings(self) -> GenerationSettings:
        return GenerationSettings.from_dict(self.settings)
