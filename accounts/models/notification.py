"""What a person is told about their long work: that it ended, failed, or waits for them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models.people import User

# After a failed try the next one waits so long, and twice as long after each further one.
MAIL_PAUSE = timedelta(minutes=2)
MOST_MAIL_TRIES = 5


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, person: "User") -> Self:
        return self.filter(person=person)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def about(self, url: str) -> Self:
        """Those that lead to this page."""
        return self.filter(url=url)

    def read(self) -> int:
        """Mark them read; says how many were not."""
        return self.unread().update(read_at=timezone.now())

    def to_mail(self) -> Self:
        return self.filter(mail_at__lte=timezone.now()).order_by("mail_at")


class Notification(models.Model):
    """`key` names the ending that it tells of, so that no ending is told twice. All else is kept as
    words: they stay true when the thing is renamed or removed.

    `mail_at`: when an e-mail is to be tried next; empty where none is wanted or it has been sent.
    """

    class Outcome(models.TextChoices):
        DONE = "done", "Finished"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"
        ASKS = "asks", "Waits for you"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    key = models.CharField(max_length=120, unique=True, editable=False)
    outcome = models.CharField(max_length=7, choices=Outcome.choices)
    what = models.CharField(max_length=60)
    name = models.CharField(max_length=300)
    said = models.TextField(blank=True)
    url = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notifications_of_a_person"),
            models.Index(fields=["person"], condition=Q(read_at=None), name="unread_of_a_person"),
            models.Index(
                fields=["mail_at"], condition=Q(mail_at__isnull=False), name="mail_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.name}: {self.get_outcome_display().lower()}"

    def get_absolute_url(self) -> str:
        """Leads on to the thing itself."""
        return reverse("notifications:open", args=[self.pk])

    @property
    def tone(self) -> str:
        tones = {"done": "good", "failed": "danger"}
        return tones.get(self.outcome, "warn")
