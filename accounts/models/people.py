"""People: who they are, what they may do, and how they join."""

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.groups import CHATTER


class PeopleManager(UserManager["User"]):
    def create_user(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> "User":
        """Whoever has an account may chat, until an admin decides otherwise."""
        user = super().create_user(username, email, password, **extra_fields)
        user.groups.add(Group.objects.get_or_create(name=CHATTER)[0])
        return user


class User(AbstractUser):
    """A person. Exactly one of them is the owner, who made the first account.

    `first_name` holds the name shown to others; `last_name` is not used. `mails`: whether they want
    an e-mail when their long work ends.
    """

    is_owner = models.BooleanField(default=False)
    mails = models.BooleanField("e-mails about long work", default=True)

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["is_owner"], condition=Q(is_owner=True), name="only_one_owner"
            )
        ]

    @property
    def display_name(self) -> str:
        return self.first_name or self.username

    @property
    def group_names(self) -> set[str]:
        """Read afresh each time, so that a taken right is gone at the next look."""
        return {group.name for group in self.groups.all()}


def token_hash(token: str) -> str:
    """What is stored of an invitation's token, so that a leaked database opens no door."""
    return hashlib.sha256(token.encode()).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Those that still make an account: not used, not revoked, not expired."""
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())

    def with_token(self, token: str) -> "InvitationQuerySet":
        return self.filter(token_hash=token_hash(token))


class Invitation(models.Model):
    """A link that makes one account with these groups, once, until it expires."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    groups = models.ManyToManyField(Group, blank=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="invitations_made",
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="invitation",
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.note or f"Invitation {self.pk}"

    @property
    def group_names(self) -> set[str]:
        return {group.name for group in self.groups.all()}

    @property
    def state(self) -> str:
        """One word: used, revoked, expired or open."""
        if self.used_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else "open"
