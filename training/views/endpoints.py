"""Model servers elsewhere. Admins only: messages and keys go there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import ADMIN, in_group, signed_in
from training.forms import EndpointForm
from training.models import Endpoint
from training.services import endpoints
from training.services.addresses import is_plain_and_far
from training.services.errors import ModelsError
from training.views.common import done

PLAIN = "Its address is plain http, so the key and every message travel unencrypted."


@require_http_methods(["GET", "HEAD", "POST"])
@in_group(ADMIN)
def add(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@in_group(ADMIN)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, get_object_or_404(Endpoint, pk=pk))


def _form(request: HttpRequest, endpoint: Endpoint | None) -> HttpResponse:
    initial = {"name": endpoint.name, "url": endpoint.url} if endpoint else {}
    form = EndpointForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return _saved(request, endpoint, endpoints.Wanted(**form.cleaned_data))
        except ModelsError as error:
            form.add_error(None, str(error))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "endpoint": endpoint}
    return render(request, "training/endpoint.html", context, status=status)


def _saved(
    request: HttpRequest, endpoint: Endpoint | None, wanted: endpoints.Wanted
) -> HttpResponse:
    if endpoint is None:
        endpoint = endpoints.add(wanted=wanted, by=signed_in(request))
    else:
        endpoints.change(endpoint=endpoint, wanted=wanted)
    if endpoint.healthy:
        _say_state(request, endpoint)
    else:
        messages.warning(request, f"{endpoint.name} is saved. {endpoint.error}")
    if is_plain_and_far(endpoint.url):
        messages.warning(request, PLAIN)
    return redirect("models:list")


def _say_state(request: HttpRequest, endpoint: Endpoint) -> None:
    if endpoint.healthy:
        count = len(endpoint.models)
        found = "1 model" if count == 1 else f"{count} models"
        messages.success(request, f"{endpoint.name} answers and has {found}.")
    else:
        messages.error(request, endpoint.error)


@require_POST
@in_group(ADMIN)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    endpoints.check(endpoint=endpoint)
    _say_state(request, endpoint)
    return redirect("models:list")


@require_POST
@in_group(ADMIN)
def switch(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    said = f"{endpoint.name} is switched {to}."
    return done(request, lambda: endpoints.set_enabled(endpoint=endpoint, enabled=to == "on"), said)


@require_POST
@in_group(ADMIN)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk)
    said = f"{endpoint.name} and its key were deleted."
    return done(request, lambda: endpoints.delete(endpoint=endpoint), said)
