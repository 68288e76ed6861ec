"""What new conversations begin with, and what they began with before."""

from typing import Self

from django.conf import settings
from django.db import models

from training.models.version import ModelVersion


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def current(self) -> "Promotion | None":
        found: Promotion | None = self.select_related("version", "below__version").first()
        return found

    def with_people(self) -> Self:
        return self.select_related("version", "below__version", "by")


class Promotion(models.Model):
    """One change of what new conversations begin with; the newest row holds.

    `version` None stands for the default model by setting. `below` is the row that comes to hold
    again when this one is rolled back, so rows are never changed and the history is a stack:
    rolling back adds a row, too.
    """

    version = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="promotions"
    )
    below = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_rollback = models.BooleanField(default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} for new conversations"

    @property
    def name(self) -> str:
        return self.version.name if self.version else str(settings.DEFAULT_MODEL)
