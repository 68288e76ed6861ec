"""The list of runs, which follows them without being loaded anew."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from training.services.runs import working
from training.showing import lists
from training.views.runs_common import is_admin, visible

SAME = 204


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """On its way it finds runs that were dropped."""
    working.reap()
    context = shown(request) | lists.choices()
    return render(request, "training/runs/list.html", context)


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The moving part; nothing where it would look the same."""
    context = shown(request)
    if request.headers.get("X-Seen") == context["runs"].mark:
        return HttpResponse(status=SAME)
    return render(request, "training/runs/rows.html", context)


def shown(request: HttpRequest) -> dict[str, Any]:
    """The runs that are asked for, and how they were asked for."""
    user, admin = signed_in(request), is_admin(request)
    wanted = lists.asked(request.GET.dict(), everyone=admin)
    all_of_them = visible(request)
    found = lists.narrowed(all_of_them, wanted, user)
    return {
        "runs": lists.listed(found, request.GET.get("page")),
        "asked": wanted,
        "narrowed": any(wanted.values()),
        "any": all_of_them.exists(),
        "is_admin": admin,
    }
