"""The activity mark of the top bar, which asks for itself anew."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from accounts.activity import activity_of
from accounts.models import Notification

SAME = 204


@require_safe
def mark(request: HttpRequest) -> HttpResponse:
    """It is asked for from a page that somebody looks at: what leads to that page is read."""
    Notification.objects.of(signed_in(request)).about(looked_at(request)).read()
    found = activity_of(request.user)
    if request.headers.get("X-Seen") == found.mark:
        return HttpResponse(status=SAME)
    return render(request, "parts/activity.html", {"activity": found})


def looked_at(request: HttpRequest) -> str:
    """The path of the page that asks, by htmx's word."""
    path = request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]
    return str(path).partition("?")[0]
