"""The page for adding a model, and a GGUF file arriving piece by piece."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from llmkit.adding.space import in_words
from training.forms import FolderForm, GgufPathForm, HubForm, UploadForm
from training.models import Addition
from training.services import adding
from training.services.errors import ModelsError
from training.views.common import is_admin, may_add, require

PIECE_BYTES = 8_000_000
REFUSED = 422
FORMS: dict[str, tuple[str, type[forms.Form]]] = {
    "hub": ("hub", HubForm),
    "folder": ("folder", FolderForm),
    "path": ("gguf", GgufPathForm),
}
FOR_ADMINS = {"folder", "path"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    require(may_add(request.user))
    return _page(request, {})


def _page(request: HttpRequest, filled: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        **{f"{way}_form": filled.get(way) or form() for way, (_, form) in FORMS.items()},
        "upload_form": UploadForm(),
        "limit": settings.MODEL_UPLOAD_LIMIT,
        "limit_words": in_words(settings.MODEL_UPLOAD_LIMIT),
        "piece": PIECE_BYTES,
        "is_admin": is_admin(request.user),
    }
    return render(request, "training/add.html", context, status=status)


@require_POST
def begin(request: HttpRequest, way: str) -> HttpResponse:
    """Start adding, or the form again with what is wrong. Server paths are for admins."""
    if way not in FORMS:
        raise Http404
    require(is_admin(request.user) if way in FOR_ADMINS else may_add(request.user))
    source, kind = FORMS[way]
    form = kind(request.POST)
    if not form.is_valid():
        return _page(request, {way: form}, status=REFUSED)
    try:
        addition = adding.begin(source=source, by=signed_in(request), **form.cleaned_data)
    except ModelsError as error:
        form.add_error(None, str(error))
        return _page(request, {way: form}, status=REFUSED)
    messages.success(request, f"{addition.version.name} is being added.")
    return redirect("models:list")


def _told(act: Callable[[], dict[str, object]]) -> JsonResponse:
    """JSON for the uploading script: what came of it, or one sentence."""
    try:
        return JsonResponse(act())
    except ModelsError as error:
        return JsonResponse({"error": str(error)}, status=REFUSED)


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Announce a file; the answer says where to send its pieces and how much has arrived."""
    require(may_add(request.user))
    form = UploadForm(request.POST)
    if not form.is_valid():
        sentence = next(iter(form.errors.values()))[0]
        return JsonResponse({"error": sentence}, status=REFUSED)

    def act() -> dict[str, object]:
        addition = adding.begin_upload(by=signed_in(request), **form.cleaned_data)
        return {"id": str(addition.pk), "have": addition.done_bytes}

    return _told(act)


@require_http_methods(["PUT"])
def piece(request: HttpRequest, job: UUID, at: int) -> HttpResponse:
    """Bytes of an upload from `at` on; the answer says how many have arrived."""
    require(may_add(request.user))
    mine = Addition.objects.filter(uploaded=True, started_by=signed_in(request))
    addition = get_object_or_404(mine, pk=job)
    if int(request.headers.get("Content-Length") or 0) > PIECE_BYTES:
        return JsonResponse({"error": "This piece is too large."}, status=413)
    return _told(lambda: {"have": adding.receive(addition=addition, at=at, data=request.body)})
