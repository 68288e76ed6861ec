"""The items of a task, one by one: what was asked, what came, what was wanted."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluation.showing import items
from evaluation.views.common import seen


@require_safe
def samples(request: HttpRequest, pk: UUID, task: str) -> HttpResponse:
    run = seen(request, pk)
    found = items.listed(run, task, request.GET.get("only", ""), request.GET.get("page"))
    if found is None:
        raise Http404
    context = {"run": run, "task": task, "found": found, "scores": run.scores.filter(task=task)}
    return render(request, "evaluation/samples/samples.html", context)
