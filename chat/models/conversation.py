"""A conversation is a tree of messages; its `leaf` says which branch is open."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from llmkit.types import GenerationSettings

if TYPE_CHECKING:
    from accounts.models import User


def default_settings() -> dict[str, Any]:
    return GenerationSettings().to_dict()


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user, deleted_at=None)

    def deleted_by(self, user: "User") -> Self:
        return self.filter(owner=user, deleted_at__isnull=False)

    def listed(self) -> Self:
        """Without the columns of comparisons, which their comparison's page shows."""
        return self.filter(column=None)

    def search(self, words: str) -> Self:
        """Those whose title or any message contains every word, in any case."""
        found = self
        for word in words.split():
            in_messages = Message.objects.filter(conversation=models.OuterRef("pk"))
            found = found.filter(
                Q(title__icontains=word) | models.Exists(in_messages.filter(text__icontains=word))
            )
        return found

    def newest_first(self) -> Self:
        return self.order_by("-pinned", "-updated_at")


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=200, blank=True)
    pinned = models.BooleanField(default=False)
    model = models.CharField(max_length=200, blank=True)
    system_prompt = models.TextField(blank=True)
    settings = models.JSONField(default=default_settings)
    leaf = models.ForeignKey(
        "Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    forked_from = models.ForeignKey(
        "Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="forks"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "-pinned", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or "New conversation"

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.pk])

    @property
    def generation_settings(self) -> GenerationSettings:
        return GenerationSettings.from_dict(self.settings)


class MessageQuerySet(models.QuerySet["Message"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(conversation__owner=user, conversation__deleted_at=None)


class Message(models.Model):
    """One turn. Children of one parent are siblings: alternatives for the same place.

    `contribution` is what a user turn made from a prompt template puts into the prompt, as a list
    of {role, content}; without a template the turn contributes its own text.
    """

    class Role(models.TextChoices):
        USER = "user", "You"
        ASSISTANT = "assistant", "Model"

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    role = models.CharField(max_length=9, choices=Role.choices)
    text = models.TextField(blank=True)
    contribution = models.JSONField(null=True, blank=True)
    template_version = models.ForeignKey(
        "PromptTemplateVersion", null=True, blank=True, on_delete=models.PROTECT
    )
    template_use = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.text[:60]}"
