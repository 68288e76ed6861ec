"""The list of datasets, and the page of one: its versions and what people say about it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from training import dataset_pages
from training.forms_datasets import DatasetForm
from training.models import Dataset
from training.services import dataset_care, dataset_working
from training.services.datasets import DatasetError
from training.views.dataset_adding import additions_of
from training.views.datasets_common import REFUSED, changeable, dataset_done, may_change, seen

PER_PAGE = 25


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """The list; on its way it finds work that was dropped."""
    dataset_working.reap()
    asked = {name: request.GET.get(name, "") for name in ("q", "kind", "put_away")}
    mine = Dataset.objects.seen_by(signed_in(request))
    page = Paginator(found(asked, mine), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": dataset_pages.rows(page.object_list, signed_in(request)),
        "asked": asked,
        "additions": additions_of(request),
        "kinds": Dataset.Kind.choices,
        "any": mine.exists(),
        "archived": mine.exclude(archived_at=None).count(),
    }
    return render(request, "datasets/list.html", context)


def found(asked: dict[str, str], seen: Any) -> Any:
    known: Any = seen.with_versions().about(asked["q"]).select_related("owner")
    known = known.exclude(archived_at=None) if asked["put_away"] else known.in_use()
    if asked["kind"] in Dataset.Kind.values:
        known = known.filter(kind=asked["kind"])
    return known.order_by("-changed_at")


@require_http_methods(["GET", "HEAD", "POST"])
def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; its form changes the name, licence and notes."""
    shown = seen(request, pk)
    form = DatasetForm(request.POST or None, initial=vars(shown))
    if request.method == "POST" and changeable(request, pk) and form.is_valid():
        try:
            dataset_care.change(dataset=shown, **form.cleaned_data)
            return dataset_done(request, lambda: None, "Saved.", to=shown.get_absolute_url())
        except DatasetError as error:
            form.add_error("name", str(error))
    return _page(request, seen(request, pk), form)


def _page(request: HttpRequest, shown: Dataset, form: DatasetForm) -> HttpResponse:
    versions = shown.versions.select_related("made_by").order_by("-number")
    page = Paginator(versions, PER_PAGE).get_page(request.GET.get("page"))
    needed = dataset_care.dependants(shown)
    context = {
        "dataset": shown,
        "page": page,
        "versions": dataset_pages.versions(page.object_list, signed_in(request)),
        "dependants": needed,
        "form": form,
        "may_change": may_change(request.user, shown),
    }
    status = REFUSED if form.errors else 200
    return render(request, "datasets/dataset.html", context, status=status)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    shown = changeable(request, pk)
    undo = reverse("datasets:restore", args=[pk])
    said = f"{shown} was archived."
    return dataset_done(
        request,
        lambda: dataset_care.archive(dataset=shown),
        said,
        to=reverse("datasets:list"),
        undo=undo,
    )


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    shown = changeable(request, pk)
    to = shown.get_absolute_url()
    return dataset_done(
        request, lambda: dataset_care.restore(dataset=shown), f"{shown} is back.", to=to
    )


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    shown = changeable(request, pk)
    name, back = str(shown), redirect(shown.get_absolute_url()).url
    return dataset_done(
        request,
        lambda: dataset_care.delete(dataset=shown),
        f"{name} was deleted.",
        to=reverse("datasets:list"),
        refused_to=back,
    )
