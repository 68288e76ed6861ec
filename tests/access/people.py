"""Who asks: somebody of every kind, signed in once, and what an answer says to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group
from django.core.handlers.base import BaseHandler
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import resolve_url
from django.test import RequestFactory

from accounts.groups import CHATTER, GROUPS, LABELER, TRAINER
from accounts.models import User

FORM = "application/x-www-form-urlencoded"
# Each with that one right, but for the last two: the site's owner has all of them, and the maker,
# to whom everything that is asked for belongs, has all but the admin's.
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "member": (),
    **{name: (name,) for name in GROUPS},
    "owner": GROUPS,
    "maker": (CHATTER, LABELER, TRAINER),
}
VISITOR = "visitor"
ROLES = (VISITOR, *RIGHTS)
YES, NO, SIGN_IN, NOT_OFFERED, ERROR = "yes", "no", "sign in", "not offered", "error"


class Site(BaseHandler):
    """The site without a server, and without the notes that Django's test client takes."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def answer(
        self, method: str, address: str, body: str = "", user: User | None = None
    ) -> HttpResponseBase:
        """`user` has signed in, by which way is for tests/accounts."""
        request = RequestFactory().generic(method, address, body, content_type=FORM)
        self.sign_in(request, user)
        answered: HttpResponseBase = self.get_response(request)
        return answered

    @staticmethod
    def sign_in(request: Any, user: User | None) -> None:
        request._cached_user = user or AnonymousUser()
        request._dont_enforce_csrf_checks = True


@dataclass(frozen=True)
class Person:
    """`user` is None for a visitor."""

    role: str
    user: User | None

    def asks(self, site: Site, method: str, address: str, body: str = "") -> str:
        """What came of it, in a word; whatever was changed is taken back."""
        with transaction.atomic():
            answer = site.answer(method, address, body, self.user)
            transaction.set_rollback(True)
        done_with(answer)
        return self.outcome(answer)

    def outcome(self, answer: HttpResponseBase) -> str:
        """A refusal in words (400, 409, 422) is for somebody who was let in."""
        status = answer.status_code
        if status >= 500:
            return ERROR
        if status == 401 or leads_to_signing_in(answer):
            return SIGN_IN if self.user is None else NO
        return {403: NO, 404: NO, 405: NOT_OFFERED}.get(status, YES)


def done_with(answer: Any) -> None:
    """Its files are closed; `answer.close()` would end the test's connection, too."""
    for close in answer._resource_closers:
        close()


def leads_to_signing_in(answer: HttpResponseBase) -> bool:
    """With a way back, which signing out does not have."""
    path, _, query = answer.get("Location", "").partition("?")
    return path in (resolve_url(settings.LOGIN_URL), "/admin/login/") and "next=" in query


def make_people() -> dict[str, Person]:
    found = {role: somebody(role, rights) for role, rights in RIGHTS.items()}
    return {VISITOR: Person(VISITOR, None)} | found


def somebody(role: str, rights: tuple[str, ...]) -> Person:
    above: Any = (
        {"is_superuser": True, "is_staff": True, "is_owner": True} if role == "owner" else {}
    )
    user = User.objects.create_user(role, **above)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in rights])
    return Person(role, user)
