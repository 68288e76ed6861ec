"""The list of evaluations, which follows them without being loaded anew."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from evaluation.services.runs import working
from evaluation.showing import lists
from evaluation.views.common import is_admin, visible

SAME = 204


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """On its way it finds runs that were dropped."""
    working.reap()
    context = _context(request) | {"states": lists.STATES}
    return render(request, "evaluation/runs/list.html", context)


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The moving part; nothing where it would look the same."""
    context = _context(request)
    if request.headers.get("X-Seen") == context["runs"].mark:
        return HttpResponse(status=SAME)
    return render(request, "evaluation/runs/rows.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    wanted = lists.asked(request.GET.dict())
    everything = visible(request)
    found = lists.narrowed(everything, wanted, signed_in(request))
    return {
        "runs": lists.listed(found, request.GET.get("page")),
        "asked": wanted,
        "narrowed": any(wanted.values()),
        "any": everything.exists(),
        "is_admin": is_admin(request),
    }
