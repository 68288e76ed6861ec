"""Moving a waiting run within the queue: by buttons, by dragging it before another."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.access import signed_in
from training.models import TrainingJob
from training.services.errors import RunsError
from training.services.runs import queue
from training.views.runs import shown
from training.views.runs_common import seen, visible

WAYS = {
    "first": queue.first,
    "earlier": queue.earlier,
    "later": queue.later,
    "last": queue.last,
}


@require_POST
def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`to` names one of WAYS or the id of the run that it should stand before. The rows anew."""
    job, by, to = seen(request, pk), signed_in(request), request.POST.get("to", "")
    told = ""
    try:
        if to in WAYS:
            WAYS[to](job=job, by=by)
        else:
            queue.move(job=job, before=_named(request, to), by=by)
    except RunsError as error:
        told = str(error)
    if request.headers.get("HX-Request"):
        return render(request, "training/runs/rows.html", shown(request) | {"refused": told})
    if told:
        messages.error(request, told)
    return redirect("training:list")


def _named(request: HttpRequest, to: str) -> TrainingJob:
    try:
        found: TrainingJob = get_object_or_404(visible(request), pk=UUID(to))
        return found
    except ValueError:
        raise RunsError("Say where the run should stand in the queue.") from None
