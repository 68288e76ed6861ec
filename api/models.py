"""Personal keys with which other programs use what is served here."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from accounts.groups import CHATTER

PREFIX = "llmsite-"
SHOWN = 6


class Scope(models.TextChoices):
    """What a key opens."""

    GENERATE = "generate", "Write answers"
    EMBED = "embed", "Make embeddings"


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is stored of a key. It is random and long, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def with_token(self, token: str) -> "ApiKeyQuerySet":
        return self.filter(digest=digest_of(token))

    def usable(self) -> "ApiKeyQuerySet":
        """Not revoked, not expired, and of somebody who may chat here."""
        fresh = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        allowed = Q(owner__is_superuser=True) | Q(owner__groups__name=CHATTER)
        return self.filter(fresh, allowed, revoked_at=None, owner__is_active=True).distinct()

    def of(self, owner: Any) -> "ApiKeyQuerySet":
        return self.filter(owner=owner)

    def take(self, key: "ApiKey") -> bool:
        """Count one request of this minute; False where they are used up.

        One statement, so that the limit holds over all web processes.
        """
        now = timezone.now()
        minute = now.replace(second=0, microsecond=0)
        same = When(minute=minute, then=F("in_minute") + 1)
        room = ~Q(minute=minute) | Q(minute=None) | Q(in_minute__lt=F("per_minute"))
        return bool(
            self.filter(room, pk=key.pk).update(
                in_minute=Case(same, default=Value(1)),
                minute=minute,
                requests=F("requests") + 1,
                last_used_at=now,
            )
        )


class ApiKey(models.Model):
    """A key of one person. Only its hash is kept; `begins` tells keys apart in a list.

    `in_minute` requests were counted in `minute`, at most `per_minute` of them.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    begins = models.CharField(max_length=20, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    per_minute = models.PositiveIntegerField(default=60)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    requests = models.PositiveBigIntegerField(default=0, editable=False)
    minute = models.DateTimeField(null=True, blank=True, editable=False)
    in_minute = models.PositiveIntegerField(default=0, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """One word: revoked, expired or open."""
        if self.revoked_at:
            return "revoked"
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if expired else "open"

    @property
    def scope_names(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes if scope in Scope]

    @property
    def seconds_to_wait(self) -> int:
        """Until the next minute begins, when its limit is used up."""
        return 60 - timezone.now().second


def expiry(days: int | None) -> Any:
    return timezone.now() + timedelta(days=days) if days else None
