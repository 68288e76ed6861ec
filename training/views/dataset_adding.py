"""Adding a dataset: the page that asks for it, a file in pieces, the choices, the progress."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from llmkit.adding.space import in_words
from training import dataset_choosing
from training.dataset_choosing import Choosing
from training.forms_datasets import HubDatasetForm, UploadedForm
from training.models import DatasetAddition
from training.services import dataset_adding, dataset_working
from training.services.datasets import DatasetError
from training.tables.reading import ENDINGS
from training.views.adding import PIECE_BYTES
from training.views.common import is_admin
from training.views.datasets_common import REFUSED, dataset_done


@require_safe
def add(request: HttpRequest) -> HttpResponse:
    return _page(request, HubDatasetForm())


def _page(request: HttpRequest, form: forms.Form, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "limit": settings.DATASET_UPLOAD_LIMIT,
        "limit_words": in_words(settings.DATASET_UPLOAD_LIMIT),
        "piece": PIECE_BYTES,
        "endings": ",".join(sorted({f".{ending.rpartition('.')[2]}" for ending in ENDINGS})),
    }
    return render(request, "datasets/add.html", context, status=status)


@require_POST
def add_from_hub(request: HttpRequest) -> HttpResponse:
    form = HubDatasetForm(request.POST)
    if not form.is_valid():
        return _page(request, form, REFUSED)
    addition = dataset_adding.begin_hub(by=signed_in(request), **form.cleaned_data)
    return redirect(addition.get_absolute_url())


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Announce a file; the answer says where to send its pieces and how much has arrived."""
    form = UploadedForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"error": next(iter(form.errors.values()))[0]}, status=REFUSED)

    def act() -> dict[str, object]:
        begun = dataset_adding.begin_upload(by=signed_in(request), **form.cleaned_data)
        page = begun.get_absolute_url()
        return {"id": str(begun.pk), "have": begun.done_bytes, "page": page}

    return _told(act)


@require_http_methods(["PUT"])
def piece(request: HttpRequest, job: UUID, at: int) -> HttpResponse:
    """Bytes of an upload from `at` on; the answer says how many have arrived."""
    mine = DatasetAddition.objects.filter(source="upload", started_by=signed_in(request))
    addition = get_object_or_404(mine, pk=job)
    if int(request.headers.get("Content-Length") or 0) > PIECE_BYTES:
        return JsonResponse({"error": "This piece is too large."}, status=413)

    def act() -> dict[str, object]:
        have = dataset_adding.receive(addition=addition, at=at, data=request.body)
        return {"have": have, "page": addition.get_absolute_url()}

    return _told(act)


def _told(act: Callable[[], dict[str, object]]) -> JsonResponse:
    try:
        return JsonResponse(act())
    except DatasetError as error:
        return JsonResponse({"error": str(error)}, status=REFUSED)


def _mine(request: HttpRequest, job: UUID) -> DatasetAddition:
    """Whoever began it, and admins."""
    user = signed_in(request)
    known = DatasetAddition.objects.of(user, everyone=is_admin(user))
    return get_object_or_404(known.select_related("version__dataset"), pk=job)


@require_http_methods(["GET", "HEAD", "POST"])
def adding(request: HttpRequest, job: UUID) -> HttpResponse:
    """How far it is, or the form that says what it is; a post confirms that."""
    addition = _mine(request, job)
    if addition.version is not None:
        return redirect(addition.version.get_absolute_url())
    if not addition.is_to_confirm:
        return render(request, "datasets/adding.html", {"addition": addition})
    if request.method != "POST":
        return _choices(request, addition, dataset_choosing.first_guess(addition))
    try:
        return _confirmed(request, addition, dataset_choosing.typed(addition, request.POST))
    except DatasetError as error:
        messages.error(request, str(error))
        return redirect(addition.get_absolute_url())


def _confirmed(request: HttpRequest, addition: DatasetAddition, chosen: Choosing) -> HttpResponse:
    try:
        wanted = dataset_choosing.wanted_of(chosen)
        dataset_adding.confirm(addition=addition, wanted=wanted, by=signed_in(request))
    except DatasetError as error:
        return _choices(request, addition, chosen, str(error))
    return redirect(addition.get_absolute_url())


def _choices(
    request: HttpRequest, addition: DatasetAddition, chosen: Choosing, error: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {"addition": addition, "chosen": chosen, "error": error}
    page = "datasets/choosing.html"
    return render(request, page, context, status=REFUSED if error else 200)


@require_POST
def preview(request: HttpRequest, job: UUID) -> HttpResponse:
    """The columns and first rows as the form stands now."""
    addition = _mine(request, job)
    try:
        chosen = dataset_choosing.typed(addition, request.POST)
    except DatasetError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    context = {"addition": addition, "chosen": chosen}
    return render(request, "datasets/columns.html", context)


@require_safe
def state(request: HttpRequest, job: UUID) -> HttpResponse:
    """The moving part; once there is something else to see, the page is asked for anew."""
    dataset_working.reap()
    addition = _mine(request, job)
    answer = render(request, "datasets/adding_card.html", {"addition": addition})
    if not addition.is_live:
        answer["HX-Redirect"] = addition.get_absolute_url()
    return answer


@require_POST
def again(request: HttpRequest, job: UUID) -> HttpResponse:
    """Read a CSV or TSV once more, in the other way."""
    addition = _mine(request, job)
    header, quotes = (request.POST.get(name) == "on" for name in ("header", "quotes"))
    return dataset_done(
        request,
        lambda: dataset_adding.look_again(addition=addition, header=header, quotes=quotes),
        "",
        to=addition.get_absolute_url(),
    )


@require_POST
def cancel(request: HttpRequest, job: UUID) -> HttpResponse:
    addition = _mine(request, job)
    back = reverse("datasets:list")
    return dataset_done(request, lambda: dataset_adding.cancel(addition=addition), "", to=back)


@require_POST
def dismiss(request: HttpRequest, job: UUID) -> HttpResponse:
    addition = _mine(request, job)
    back = reverse("datasets:list")
    return dataset_done(request, lambda: dataset_adding.dismiss(addition=addition), "", to=back)


@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """What is being added, for the list; it asks for itself again and again."""
    dataset_working.reap()
    return render(request, "datasets/cards.html", {"additions": additions_of(request)})


def additions_of(request: HttpRequest) -> Any:
    user = signed_in(request)
    return DatasetAddition.objects.of(user, everyone=is_admin(user)).shown()[:20]
