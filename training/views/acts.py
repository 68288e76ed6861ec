"""What one does to a model: load, let go, choose its precision, remove it, bring it back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import signed_in
from llmkit.numbers import whole_number
from training.models import Addition, ModelVersion
from training.services import adding, removal, serving
from training.views.common import done, known, may_add, require


def _asked_for(request: HttpRequest, pk: int) -> ModelVersion:
    require(may_add(request.user))
    return known(pk)


@require_POST
def load(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    return done(request, lambda: serving.load(version=version), "", to=_back(request))


@require_POST
def unload(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    said = f"{version.name} was let go. It is loaded again when someone asks it something."
    return done(request, lambda: serving.unload(version=version), said, to=_back(request))


@require_POST
def precision(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    wanted = request.POST.get("precision", "")
    return done(
        request,
        lambda: serving.set_precision(version=version, precision=wanted),
        "Saved. It holds from the next time the model is loaded.",
        to=version.get_absolute_url(),
    )


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    undo = reverse("models:restore", args=[pk])
    said = f"{version.name} was removed."
    return done(request, lambda: removal.remove(version=version), said, undo=undo)


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    require(may_add(request.user))
    version = get_object_or_404(ModelVersion, pk=pk, state=ModelVersion.State.DELETED)
    said = f"{version.name} is back."
    return done(request, lambda: removal.restore(version=version), said)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    addition = Addition.objects.latest_of(_asked_for(request, pk))
    if addition is None:
        raise Http404
    return done(request, lambda: adding.cancel(addition=addition), "")


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    return done(request, lambda: adding.retry(version=version, by=signed_in(request)), "")


@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    return done(request, lambda: adding.dismiss(version=version), "")


def _back(request: HttpRequest) -> str:
    """The page the button was on: the model's own, or the list."""
    pk = whole_number(request.POST.get("page", ""))
    return "" if pk is None else reverse("models:model", args=[pk])
