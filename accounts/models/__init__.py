"""People, how they join, what they are told, and what was changed by whom."""

from accounts.models.change import Change, ChangeQuerySet
from accounts.models.notification import Notification, NotificationQuerySet
from accounts.models.people import (
    Invitation,
    InvitationQuerySet,
    PeopleManager,
    User,
    token_hash,
)

__all__ = [
    "Change",
    "ChangeQuerySet",
    "Invitation",
    "InvitationQuerySet",
    "Notification",
    "NotificationQuerySet",
    "PeopleManager",
    "User",
    "token_hash",
]
