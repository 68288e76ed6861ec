"""What one does to a run: stop it, go on with it, take it away and bring it back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import signed_in
from training.models import TrainingJob
from training.services.runs import making, removal
from training.views.runs_common import is_admin, run_done, seen


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return run_done(request, lambda: making.cancel(job=job), "", to=job.get_absolute_url())


@require_POST
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return run_done(request, lambda: making.resume(job=job), "", to=job.get_absolute_url())


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Back to the list, or to the run where something speaks against it."""
    job = seen(request, pk)
    why_not = removal.why_not(job)
    return run_done(
        request,
        lambda: removal.remove(job=job),
        f"The run {job.name} was removed.",
        to=job.get_absolute_url() if why_not else reverse("training:list"),
        undo=reverse("training:restore", args=[pk]),
    )


@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    gone = TrainingJob.objects.restorable()
    mine = gone if is_admin(request) else gone.filter(owner=signed_in(request))
    job: TrainingJob = get_object_or_404(mine, pk=pk)
    said = f"The run {job.name} is back."
    return run_done(request, lambda: removal.restore(job=job), said, to=job.get_absolute_url())
