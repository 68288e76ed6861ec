"""Starting a run: first the method, then its form."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from llmkit.registry import RegistryError
from training import methods as known_methods
from training.forms_runs import RunForm
from training.methods import Method
from training.models import TrainingJob
from training.services import registry
from training.services.runs import making
from training.views.new_run_choosing import cards

REFUSED = 422


@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """What there is to choose from, with what each method needs."""
    registry.sync()
    return render(request, "training/new_run/methods.html", {"cards": cards(signed_in(request))})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, name: str) -> HttpResponse:
    form = RunForm(method_named(name), signed_in(request), data_of(request))
    if request.method == "POST" and (asked := form.asked()):
        job = making.create(asked=asked, owner=signed_in(request))
        messages.success(request, f"{job.name} waits for a worker.")
        return redirect(address_of(job))
    return page(request, form)


def address_of(job: TrainingJob) -> str:
    try:
        return reverse("training:run", args=[job.pk])
    except NoReverseMatch:
        return reverse("training:new")


def page(request: HttpRequest, form: RunForm, **more: Any) -> HttpResponse:
    context = {"form": form, "method": form.method, "told": form.is_bound, **more}
    status = REFUSED if form.is_bound else 200
    return render(request, "training/new_run/form.html", context, status=status)


@require_POST
def slots(request: HttpRequest, name: str) -> HttpResponse:
    """What goes in, after something of it was changed."""
    form = RunForm(method_named(name), signed_in(request), data_of(request))
    form.rows.changed(request.POST.get("action", ""))
    context = {"form": form, "method": form.method, "oob": True}
    return render(request, "training/new_run/slots_changed.html", context)


def method_named(name: str) -> Method:
    try:
        return known_methods.get(name)
    except RegistryError as error:
        raise Http404 from error


def data_of(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
