"""What one does to a run."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from training.services.runs import making
from training.views.runs_common import run_done, seen


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return run_done(request, lambda: making.cancel(job=job), "", to=job.get_absolute_url())


@require_POST
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return run_done(request, lambda: making.resume(job=job), "", to=job.get_absolute_url())
