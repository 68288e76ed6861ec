"""Files that people attach, as they were read, and the messages they are attached to."""

import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from chat.models.conversation import Message

if TYPE_CHECKING:
    from accounts.models import User

KEEP_UNATTACHED = timedelta(days=1)


class DocumentQuerySet(models.QuerySet["Document"]):
    def owned_by(self, user: "User") -> Self:
        return self.filter(owner=user)

    def unattached(self) -> Self:
        """Those that no message and no comparison has: never sent, or all of those are gone."""
        return self.filter(attachments=None, comparisons=None)

    def abandoned(self) -> Self:
        return self.unattached().filter(created_at__lt=timezone.now() - KEEP_UNATTACHED)


class Document(models.Model):
    """A person's file: its text in the row, its bytes in UPLOADS_DIR under the row's id.

    `size` is in bytes, `words` counts the text at white space. One that came in with an imported
    conversation has no bytes. Several messages may have the same document: a fork, an edit.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="documents"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8)
    size = models.PositiveBigIntegerField()
    pages = models.PositiveIntegerField(null=True)
    words = models.PositiveIntegerField()
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_file(self) -> bool:
        return self.path.is_file()

    @property
    def path(self) -> Path:
        """Where the file's bytes are, if it has any."""
        return Path(settings.UPLOADS_DIR) / str(self.pk)


class Attachment(models.Model):
    """A document on a person's turn; `place` keeps the order in which they were attached."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="attachments")
    place = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "document"], name="a_document_is_attached_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} on {self.message_id}"
