"""Files that no message has any more: never sent, or left when their conversation was erased."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from chat.models import Document
from chat.services import documents
from llmkit.removing import Removable


def unused_files(before: datetime) -> Iterator[Removable]:
    left = Document.objects.unattached().filter(created_at__lt=before)
    keys = list(left.values_list("pk", flat=True))
    if keys:
        size = sum(left.values_list("size", flat=True))
        yield Removable("files that no message has", lambda: release(keys), size, len(keys))


def release(keys: list[UUID]) -> bool:
    """Only those that are still nobody's: one may have been sent meanwhile."""
    documents.release(documents=keys)
    return True
