"""Model servers elsewhere that this app may ask."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models as db
from django.db.models import Q
from django.utils import timezone

CHECK_EVERY = timedelta(seconds=60)


class EndpointQuerySet(db.QuerySet["Endpoint"]):
    def enabled(self) -> Self:
        return self.filter(enabled=True)

    def due(self) -> Self:
        """Those whose last check is a minute old."""
        before = timezone.now() - CHECK_EVERY
        return self.enabled().filter(
            Q(last_checked_at__isnull=True) | Q(last_checked_at__lt=before)
        )


class Endpoint(db.Model):
    """An OpenAI-compatible server. `models` are the names it listed when it last answered.

    `extensions`: whether it is an engine like ours, with token counts and continuing. The key is
    written once and never shown.
    """

    name = db.CharField(max_length=60, unique=True)
    url = db.CharField(max_length=500)
    api_key = db.CharField(max_length=500, blank=True)
    enabled = db.BooleanField(default=True)
    healthy = db.BooleanField(null=True)
    error = db.TextField(blank=True)
    models = db.JSONField(default=list)
    extensions = db.BooleanField(default=False)
    last_checked_at = db.DateTimeField(null=True, blank=True)
    changed_at = db.DateTimeField(auto_now=True)
    created_at = db.DateTimeField(auto_now_add=True)
    added_by = db.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=db.SET_NULL, related_name="+"
    )

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        """Without the key, wherever it may be logged."""
        return f"<Endpoint {self.name}>"

    @property
    def state(self) -> str:
        """One word: off, unchecked, answering or failing."""
        if not self.enabled:
            return "off"
        if self.healthy is None:
            return "unchecked"
        return "answering" if self.healthy else "failing"
