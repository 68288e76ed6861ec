"""The page of one evaluation, and its moving part."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluation.models import EvaluationRun
from evaluation.services.runs import working
from evaluation.showing import pages
from evaluation.views.common import is_admin, may_change, seen
from training.services.runs.child import OUTPUT

SAME = 204


@require_safe
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    working.reap()
    return render(request, "evaluation/runs/run.html", _context(request, seen(request, pk)))


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is, with its scores once they are there; nothing where all looks the same."""
    found = seen(request, pk)
    if request.headers.get("X-Seen") == pages.mark(found):
        return HttpResponse(status=SAME)
    return render(request, "evaluation/runs/live.html", _context(request, found) | {"fresh": True})


def _context(request: HttpRequest, found: EvaluationRun) -> dict[str, Any]:
    return {
        "run": found,
        "mark": pages.mark(found),
        "groups": pages.grouped(found),
        "warnings": pages.warnings(found),
        "may_change": may_change(request, found),
        "is_admin": is_admin(request),
        "has_log": (found.folder / OUTPUT).is_file(),
    }


@require_safe
def log(request: HttpRequest, pk: UUID) -> FileResponse:
    """What its process printed."""
    path = seen(request, pk).folder / OUTPUT
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename="evaluation.log")
