"""Prompt templates and their immutable versions, so that a message always knows what made it."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User


class PromptTemplateQuerySet(models.QuerySet["PromptTemplate"]):
    def visible_to(self, user: "User") -> Self:
        """The shipped ones and the person's own."""
        return self.filter(Q(owner=None) | Q(owner=user), archived_at=None)

    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user, archived_at=None)

    def with_latest_id(self) -> Self:
        """Adds `latest_id`, the newest version's key, so that a list costs one query."""
        newest = PromptTemplateVersion.objects.filter(template=models.OuterRef("pk"))
        return self.annotate(latest_id=models.Subquery(newest.order_by("-number").values("pk")[:1]))


class PromptTemplate(models.Model):
    """A named template; `owner` is None for the ones that ship with the project."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="prompt_templates",
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = PromptTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "slug"], name="template_slugs_differ"),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(owner=None), name="shipped_slugs_differ"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def latest(self) -> "PromptTemplateVersion":
        return self.versions.latest("number")


class PromptTemplateVersion(models.Model):
    """One wording of a template. `spec` is an `llmkit.prompts.PromptTemplate` as JSON."""

    template = models.ForeignKey(PromptTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    spec = models.JSONField()
    spec_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["template", "number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="versions_count_up")
        ]

    def __str__(self) -> str:
        return f"{self.template.name}, version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A template version never changes; make a new version instead.")
        super().save(*args, **kwargs)
