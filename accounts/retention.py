"""Rows about people that have had their time: what they were told, and sessions that are over."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import Notification
from llmkit.removing import Removable


def old_notifications(before: datetime) -> Iterator[Removable]:
    """Whether or not they were read: the list is about what is new."""
    yield from _rows("notifications", Notification.objects.filter(created_at__lt=before))


def over_sessions(before: datetime) -> Iterator[Removable]:
    """Those that sign nobody in any more, however long they have been so."""
    del before
    yield from _rows("sessions", Session.objects.filter(expire_date__lt=timezone.now()))


def _rows(what: str, found: Any) -> Iterator[Removable]:
    if count := found.count():
        yield Removable(what, lambda: bool(found.delete()[0]), things=count)
