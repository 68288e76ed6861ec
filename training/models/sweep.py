"""Several runs that differ in a few settings, made and stopped together."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from accounts.models import User


class SweepQuerySet(models.QuerySet["Sweep"]):
    def of(self, user: "User", *, everyone: bool = False) -> Self:
        return self if everyone else self.filter(owner=user)


class Sweep(models.Model):
    """`fields` maps the settings that differ to their values, in the order of the form."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="sweeps"
    )
    name = models.CharField(max_length=96)
    method = models.CharField(max_length=40)
    fields = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SweepQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"sweep {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("training:sweep", args=[self.pk])
