"""What the frame around every page needs: places, long work, who may see what, undo links."""

from dataclasses import dataclass

from django import template
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template import Context
from django.urls import NoReverseMatch, reverse

from accounts import access
from accounts.activity import Activity, activity_of

register = template.Library()

# Name, URL name, the keys that go there, and the URL-path beginnings that belong to it.
PLACES = (
    ("Chat", "chat:home", "g c", ("/c/", "/compare/")),
    ("Templates", "chat:templates", "g t", ("/templates/",)),
    ("Feedback", "feedback:home", "g f", ("/feedback/",)),
    ("Training", "training:list", "g n", ("/training/",)),
    ("Evaluation", "board:home", "g e", ("/evaluation/",)),
    ("Models", "models:list", "g m", ("/models/",)),
)
UNDO = "undo="


@dataclass(frozen=True)
class Place:
    name: str
    url: str
    keys: str
    current: bool


@register.simple_tag(takes_context=True)
def places(context: Context) -> list[Place]:
    """The places whose pages exist; one without a page is left out rather than shown dead."""
    request: HttpRequest | None = context.get("request")
    path = request.path if request else ""
    user = getattr(request, "user", None)
    found = []
    for name, url_name, keys, below in PLACES:
        try:
            url = reverse(url_name)
        except NoReverseMatch:
            continue
        if not access.may_enter(user, url_name.split(":")[0]):
            continue
        found.append(Place(name, url, keys, path == url or path.startswith(below)))
    return found


@register.simple_tag(takes_context=True)
def activity(context: Context) -> Activity:
    """Long work that goes on now."""
    request: HttpRequest | None = context.get("request")
    return activity_of(getattr(request, "user", None))


@register.filter
def in_group(user: object, name: str) -> bool:
    return access.is_in_group(user, name)


@register.filter
def may_enter(user: object, room: str) -> bool:
    return access.may_enter(user, room)


@register.filter
def undo_url(message: Message) -> str:
    """The address in `messages.success(..., extra_tags="undo=/c/…/restore/")`, or nothing."""
    tags = (message.extra_tags or "").split()
    found = [tag.removeprefix(UNDO) for tag in tags if tag.startswith(UNDO)]
    return found[0] if found and found[0].startswith("/") else ""
