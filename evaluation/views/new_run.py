"""Starting evaluations: models on the left, benchmarks on the right, and what they would take."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from evaluation.forms import NewEvaluationForm
from evaluation.services.runs import making, offers
from training.services import registry

REFUSED = 422


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    registry.sync()
    user = signed_in(request)
    chosen = {name: request.GET.getlist(name) for name in ("models", "benchmarks")}
    form = NewEvaluationForm(user, request.POST or None, initial=chosen)
    if request.method == "POST" and (wanted := form.wanted()):
        with transaction.atomic():
            runs = [making.create(asked=each, owner=user) for each in wanted]
        several = f"{len(runs)} evaluations wait" if len(runs) > 1 else f"{runs[0].name} waits"
        messages.success(request, f"{several} for a worker.")
        return redirect(runs[0] if len(runs) == 1 else "evaluation:runs")
    status = REFUSED if form.is_bound else 200
    return render(request, "evaluation/new/form.html", {"form": form}, status=status)


@require_POST
def estimate(request: HttpRequest) -> HttpResponse:
    """What is chosen now would take; nothing is made."""
    form = NewEvaluationForm(signed_in(request), request.POST)
    wanted = form.wanted()
    found = offers.estimate(wanted) if wanted else None
    return render(request, "evaluation/new/estimate.html", {"estimate": found})
