"""The activity mark of the top bar, which asks for itself anew."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.activity import activity_of

SAME = 204


@require_safe
def mark(request: HttpRequest) -> HttpResponse:
    found = activity_of(request.user)
    if request.headers.get("X-Seen") == found.mark:
        return HttpResponse(status=SAME)
    return render(request, "parts/activity.html", {"activity": found})
