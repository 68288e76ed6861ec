"""E-mails about long work: claimed one at a time, tried again later, and never in anyone's way."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notification
from accounts.models.notification import MAIL_PAUSE, MOST_MAIL_TRIES
from accounts.notifying import wants_mail

log = logging.getLogger(__name__)
AT_ONCE = 50


def send_waiting() -> int:
    """Send what is due; says how many. A mail server that is away leaves them waiting."""
    due = Notification.objects.to_mail().select_related("person")[:AT_ONCE]
    return sum(send(each) for each in due)


def send(told: Notification) -> bool:
    """Once, whoever else tries: the claim puts the next try off before this one begins."""
    if not claimed(told):
        return False
    if wants_mail(told.person):
        try:
            message_of(told).send()
        except Exception as error:
            log.warning("An e-mail to %s could not be sent: %s", told.person, error)
            return False
    Notification.objects.filter(pk=told.pk).update(mail_at=None)
    return True


def claimed(told: Notification) -> bool:
    mine = Notification.objects.filter(pk=told.pk, mail_at=told.mail_at)
    if told.mail_tries >= MOST_MAIL_TRIES:
        mine.update(mail_at=None)
        return False
    later = timezone.now() + MAIL_PAUSE * 2**told.mail_tries
    return bool(mine.update(mail_at=later, mail_tries=F("mail_tries") + 1))


def message_of(told: Notification) -> EmailMessage:
    """Plain text. Names are people's own words, so nothing of them may become a header line."""
    context = {
        "told": told,
        "link": f"{settings.SITE_URL}{told.url}",
        "account": f"{settings.SITE_URL}{reverse('accounts:account')}",
    }
    subject = " ".join(str(told).split())[:200]
    return EmailMessage(
        subject=subject,
        body=render_to_string("accounts/notifications/mail.txt", context),
        to=[told.person.email],
    )
