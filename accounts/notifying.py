"""Telling a person about their long work: in the page, and by e-mail where that is set up."""

import logging
from dataclasses import dataclass

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Notification, User

log = logging.getLogger(__name__)
MOST_WORDS = 2000
TASK = "accounts.tasks.send_mails"


@dataclass(frozen=True)
class About:
    """What is told of: its kind in words, its name, and where it is to be seen."""

    what: str
    name: str
    url: str


def notify(*, person: User, key: str, outcome: str, about: About, said: str = "") -> bool:
    """Tell the person once; whether that was news. Call it in the transaction of what it tells of,
    so that both are there or neither is: a key that is known is passed over in silence."""
    mailed = wants_mail(person)
    with transaction.atomic():
        before = Notification.objects.filter(key=key).exists()
        Notification.objects.bulk_create(
            [
                Notification(
                    person=person,
                    key=key,
                    outcome=outcome,
                    what=about.what,
                    name=about.name[:300],
                    said=said[:MOST_WORDS],
                    url=about.url,
                    mail_at=timezone.now() if mailed else None,
                )
            ],
            ignore_conflicts=True,
        )
        if mailed and not before:
            transaction.on_commit(post)
    return not before


def mail_is_set_up() -> bool:
    return bool(settings.EMAIL_HOST)


def wants_mail(person: User) -> bool:
    return mail_is_set_up() and person.is_active and person.mails and bool(person.email)


def post() -> None:
    """Have a worker send what waits. Where the broker is away the next look does."""
    try:
        current_app.send_task(TASK)
    except Exception:
        log.exception("The broker does not answer; the e-mail waits and is sent later")
