"""Settings of a run under a name, to start others from."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User


class RecipeQuerySet(models.QuerySet["Recipe"]):
    def seen_by(self, user: "User") -> Self:
        """Their own, and those that are shared."""
        return self.filter(Q(owner=user) | Q(shared=True))

    def of(self, user: "User", *, everyone: bool = False) -> Self:
        """Those that the person may change."""
        return self if everyone else self.filter(owner=user)


class Recipe(models.Model):
    """`values` as a file for the shell holds them, without a name, models and datasets: those are
    chosen anew each time."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recipes"
    )
    name = models.CharField(max_length=80)
    method = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RecipeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="recipe_names_are_their_owners")
        ]

    def __str__(self) -> str:
        return self.name
