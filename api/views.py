"""The page of one's own keys."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from api import services
from api.forms import KeyForm
from api.models import ApiKey
from training.services import promoting


def _page(request: HttpRequest, form: KeyForm, **more: Any) -> HttpResponse:
    context = {
        "keys": ApiKey.objects.of(signed_in(request)),
        "form": form,
        "base_url": request.build_absolute_uri("/v1"),
        "model": promoting.preselected(),
        **more,
    }
    return render(request, "api/keys.html", context)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    return _page(request, KeyForm())


@never_cache
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself, not a redirect: the key is shown once and kept nowhere."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        key, token = services.make_key(owner=signed_in(request), **form.cleaned_data)
    except services.TooManyKeysError as error:
        form.add_error(None, str(error))
        return _page(request, form)
    return _page(request, KeyForm(), made=key, token=token)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.of(signed_in(request)), pk=pk)
    services.revoke_key(key=key)
    messages.success(request, f"{key.name} is revoked. Programs that use it are refused now.")
    return redirect("api:keys")
