"""One question to two to four columns; each column is a conversation of its own."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from chat.models.conversation import Conversation, Message
from chat.models.document import Document
from chat.models.prompt_template import PromptTemplateVersion

if TYPE_CHECKING:
    from accounts.models import User

UNASKED_KEPT = timedelta(days=1)


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user, deleted_at=None)

    def deleted_by(self, user: "User") -> Self:
        return self.filter(owner=user, deleted_at__isnull=False)

    def abandoned(self) -> Self:
        """Prepared a while ago and never asked."""
        return self.filter(asked_at=None, updated_at__lt=timezone.now() - UNASKED_KEPT)

    def newest_first(self) -> Self:
        return self.order_by("-updated_at")


class Comparison(models.Model):
    """`question` and `documents` stand in the composer until they are asked, then they are what was
    asked first.

    The columns may begin with a copy of a branch, up to `origin` and with it; those messages, and
    the question, are shown once for all columns.
    """

    class Kind(models.TextChoices):
        COLUMNS = "columns", "Side by side"
        LADDER = "ladder", "Shot ladder"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparisons"
    )
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.COLUMNS)
    title = models.CharField(max_length=200, blank=True)
    question = models.TextField(blank=True)
    note = models.TextField(blank=True)
    origin = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="comparisons"
    )
    documents = models.ManyToManyField(Document, blank=True, related_name="comparisons")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or "New comparison"

    def get_absolute_url(self) -> str:
        return reverse("chat:comparison", args=[self.pk])


class ColumnQuerySet(models.QuerySet["Column"]):
    def shown(self) -> Self:
        """Those that were not removed."""
        return self.filter(conversation__deleted_at=None)

    def owned_by(self, user: "User") -> Self:
        return self.shown().filter(comparison__owner=user, comparison__deleted_at=None)


class Column(models.Model):
    """What one column adds to its conversation's model, system prompt and settings.

    `use` is how the template is used (count, choose, seed, picked, layout) and `inputs` are its
    fields but the one the question goes into. `context` counts the messages it began with.
    `error` says why this column could not be asked the last question. `kept` is the conversation
    that went on from this column's answer.
    """

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="columns")
    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, related_name="column"
    )
    place = models.PositiveSmallIntegerField()
    template_version = models.ForeignKey(
        PromptTemplateVersion, null=True, blank=True, on_delete=models.PROTECT
    )
    use = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    context = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    kept = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.SET_NULL, related_name="kept_from"
    )

    objects = ColumnQuerySet.as_manager()

    class Meta:
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return f"Column {self.place} of {self.comparison}"

    @property
    def shared(self) -> int:
        """How many messages from the root the page shows once for all columns."""
        return self.context + 1
