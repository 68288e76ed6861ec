"""While nobody has an account, every page leads to the first visit; rooms open by group."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.access import may_enter
from accounts.models import User

OPEN_PATHS = ("/health",)


class FirstVisitMiddleware:
    """Accounts are never all deleted, so a "yes, someone is here" is asked for only once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.someone_is_here = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.someone_is_here or request.path.startswith(self.open_paths()):
            return self.get_response(request)
        self.someone_is_here = User.objects.exists()
        if self.someone_is_here:
            return self.get_response(request)
        return redirect("accounts:setup")

    def open_paths(self) -> tuple[str, ...]:
        return (*OPEN_PATHS, reverse("accounts:setup"), str(settings.STATIC_URL))


class RoomsMiddleware:
    """A room whose group someone is not in does not exist for them.

    Their groups are read once for the request, which asks for them at every turn, and anew at the
    next one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *args: Any) -> None:
        """What is open to visitors is open to everybody."""
        if not getattr(view, "login_required", True):
            return
        namespaces = request.resolver_match.namespaces if request.resolver_match else []
        if not request.user.is_authenticated:
            return
        if not request.user.is_superuser:
            prefetch_related_objects([request.user], "groups")
        if not all(may_enter(request.user, name) for name in namespaces):
            raise Http404
