"""Something whose outputs were made elsewhere and brought along as a file."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.access import ADMIN, is_in_group

if TYPE_CHECKING:
    from accounts.models import User


class SystemQuerySet(models.QuerySet["System"]):
    def seen_by(self, user: "User") -> Self:
        """Their own, those that are shared, and every one for an admin."""
        if is_in_group(user, ADMIN):
            return self
        return self.filter(Q(owner=user) | Q(shared=True))


class System(models.Model):
    """A name on the leaderboard that no model of this site stands behind."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="systems"
    )
    name = models.CharField(max_length=200, unique=True)
    notes = models.TextField(blank=True)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SystemQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
