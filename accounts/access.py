"""Who may do what. A page one may not use does not exist for that person: it answers 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import rules
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.groups import ADMIN, CHATTER, GROUPS, LABELER, ROOMS, TRAINER
from accounts.models import User

__all__ = ["ADMIN", "CHATTER", "GROUPS", "LABELER", "TRAINER"]

View = Callable[..., HttpResponseBase]


def is_in_group(user: object, name: str) -> bool:
    """Whether the person is active and in the group; the owner is in every group."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or name in user.group_names


def may_enter(user: object, namespace: str) -> bool:
    """Whether the room with this URL namespace is open to the person."""
    groups = ROOMS.get(namespace)
    return groups is None or any(is_in_group(user, group) for group in groups)


def signed_in(request: HttpRequest) -> User:
    """The person asking; the middleware lets nobody else reach a view that needs one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def in_group(name: str) -> Callable[[View], View]:
    """Let only this group through; to everyone else the page does not exist."""
    if name not in GROUPS:
        raise ValueError(f"There is no group {name!r}. There are {', '.join(GROUPS)}.")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_in_group(request.user, name):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def group_predicate(name: str) -> rules.Predicate:
    """For `rules`: combine it with ownership, as in `is_admin | is_author`."""

    def check(user: object) -> bool:
        return is_in_group(user, name)

    return rules.Predicate(check, name=f"is_{name}")


is_chatter = group_predicate(CHATTER)
is_labeler = group_predicate(LABELER)
is_trainer = group_predicate(TRAINER)
is_admin = group_predicate(ADMIN)
