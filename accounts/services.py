"""What changes people: each call is one transaction and refuses with a sentence."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.access import CHATTER, GROUPS
from accounts.models import Invitation, User, token_hash
from accounts.recording import Kind, Verb, record

TOKEN_BYTES = 32
NAME_TAKEN = "Someone here has that user name. Choose another."


class PeopleError(Exception):
    """A refusal; its text says what to do instead."""


class OwnerExistsError(PeopleError):
    pass


class NameTakenError(PeopleError):
    pass


class InvitationGoneError(PeopleError):
    pass


def _groups(names: Iterable[str]) -> list[Group]:
    """The named groups, made again should someone have deleted one."""
    unknown = set(names) - set(GROUPS)
    if unknown:
        raise PeopleError(f"There is no group called {', '.join(sorted(unknown))}.")
    return [Group.objects.get_or_create(name=name)[0] for name in names]


def create_owner(*, username: str, password: str, display_name: str = "") -> User:
    """The first account. Of two made at once the database's constraint lets one through."""
    refusal = OwnerExistsError("Someone has just made the first account. Sign in, or ask them.")
    try:
        with transaction.atomic():
            if User.objects.exists():
                raise refusal
            owner = User.objects.create_superuser(
                username=username, password=password, first_name=display_name, is_owner=True
            )
            owner.groups.set(_groups(GROUPS))
            _recorded(Verb.MADE, owner, by=owner, groups=sorted(GROUPS), owner=True)
    except IntegrityError as error:
        raise refusal from error
    return owner


@transaction.atomic
def create_invitation(
    *, created_by: User, groups: Iterable[str] = (), note: str = "", days: int = 7
) -> tuple[Invitation, str]:
    """An invitation and its token; the token is kept nowhere else, so show it now."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        token_hash=token_hash(token),
        note=note,
        created_by=created_by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    invitation.groups.set(_groups({CHATTER, *groups}))
    rights = sorted(invitation.group_names)
    _of_invitation(Verb.MADE, invitation, by=created_by, groups=rights, days=days)
    return invitation, token


def join(*, token: str, username: str, password: str, display_name: str = "") -> User:
    """Make the invited account. The invitation is claimed by a conditional UPDATE, so two
    people who use one link at the same moment make one account."""
    try:
        with transaction.atomic():
            now = timezone.now()
            if not Invitation.objects.open().with_token(token).update(used_at=now):
                raise InvitationGoneError(
                    "This invitation no longer works. Ask whoever sent it for a new one."
                )
            user = User.objects.create_user(
                username=username, password=password, first_name=display_name
            )
            invitation = Invitation.objects.with_token(token).get()
            Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
            user.groups.set(invitation.groups.all())
            _of_invitation(Verb.USED, invitation, by=user)
            _recorded(Verb.MADE, user, by=user, groups=sorted(user.group_names))
    except IntegrityError as error:
        raise NameTakenError(NAME_TAKEN) from error
    return user


def _of_invitation(verb: str, invitation: Invitation, *, by: User | None, **details: Any) -> None:
    name, thing = str(invitation), invitation.pk
    record(verb=verb, kind=Kind.INVITATION, name=name, thing=thing, by=by, **details)


def _recorded(verb: str, person: User, *, by: User | None = None, **details: Any) -> None:
    name, thing = person.username, person.pk
    record(verb=verb, kind=Kind.PERSON, name=name, thing=thing, by=by, **details)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation) -> None:
    """Close an unused link; one that was used meanwhile stays as it is and is refused."""
    changed = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None)
    if not changed.update(revoked_at=timezone.now()):
        raise PeopleError("This invitation was already used or revoked.")
    _of_invitation(Verb.WITHDRAWN, invitation, by=None)


def password_link_parts(*, person: User, by: User) -> dict[str, str]:
    """What the address for setting a new password is made of. It works until the password is
    changed, the person signs in, or PASSWORD_RESET_TIMEOUT is over; the password stays till then.
    """
    _refuse_protected(person=person, by=by)
    _recorded(Verb.CHANGED, person, by=by, what="a link to set a new password")
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    return {"uidb64": uid, "token": default_token_generator.make_token(person)}


def _refuse_protected(*, person: User, by: User) -> None:
    if person == by:
        raise PeopleError("You cannot do this to your own account. Ask another admin.")
    if person.is_superuser:
        raise PeopleError("The owner's account stays as it is.")


@transaction.atomic
def set_groups(*, person: User, groups: Iterable[str], by: User) -> None:
    _refuse_protected(person=person, by=by)
    before = sorted(person.group_names)
    person.groups.set(_groups(groups))
    after = sorted(person.groups.values_list("name", flat=True))
    if before != after:
        _recorded(Verb.CHANGED, person, by=by, groups=after, before=before)


@transaction.atomic
def set_active(*, person: User, active: bool, by: User) -> None:
    """An inactive person is signed out at the next request; what they made stays."""
    _refuse_protected(person=person, by=by)
    person.is_active = active
    person.save(update_fields=["is_active"])
    _recorded(Verb.SWITCHED_ON if active else Verb.SWITCHED_OFF, person, by=by)
