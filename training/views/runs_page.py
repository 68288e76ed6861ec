"""The page of one run, and its moving parts."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from training.models import TrainingJob
from training.services.runs import working
from training.showing import measures, pages, words
from training.views.runs_common import is_admin, seen

SAME = 204


@require_safe
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    working.reap()
    return render(request, "training/runs/run.html", _context(request, seen(request, pk)))


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is; with all that hangs on its state where the reader saw another one."""
    job = seen(request, pk)
    mark = pages.mark(job)
    fresh = request.headers.get("X-Seen") != mark
    if not fresh and request.headers.get("X-Read") == str(job.events_read):
        return HttpResponse(status=SAME)
    context = _context(request, job) | {"fresh": fresh}
    return render(request, "training/runs/live.html", context)


def _context(request: HttpRequest, job: TrainingJob) -> dict[str, Any]:
    changed, rest = pages.settings(job)
    queue = list(TrainingJob.objects.queue().values_list("pk", flat=True))
    return {
        "run": job,
        "mark": pages.mark(job),
        "given": pages.given(job, signed_in(request)),
        "changed": changed,
        "rest": rest,
        "now": pages.now(job),
        "final": measures.listed(job.measures),
        "place": words.place(job, queue),
        "is_admin": is_admin(request),
    }
