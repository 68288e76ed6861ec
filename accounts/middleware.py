"""While nobody has an account, every page leads to the first visit."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

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
