"""What one does to an evaluation."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from evaluation.services.runs import making
from evaluation.views.common import changeable, done


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = changeable(request, pk)
    return done(request, lambda: making.cancel(run=run), "", to=run.get_absolute_url())


@require_POST
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = changeable(request, pk)
    return done(request, lambda: making.resume(run=run), "", to=run.get_absolute_url())


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = changeable(request, pk)
    said = f"{run.name} was removed, with its scores."
    return done(request, lambda: making.remove(run=run), said, to=reverse("evaluation:runs"))
