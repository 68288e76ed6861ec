"""What the dataset pages share: who may change one, and how a refusal is told."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.access import ADMIN, is_in_group, signed_in
from training.models import Dataset, DatasetVersion
from training.services.datasets import DatasetError

REFUSED = 422


def may_change(user: object, dataset: Dataset) -> bool:
    """Whoever sees a shared one may use it; only the owner and admins change something."""
    return is_in_group(user, ADMIN) or dataset.owner == user


def seen(request: HttpRequest, pk: int) -> Dataset:
    return get_object_or_404(Dataset.objects.seen_by(signed_in(request)), pk=pk)


def changeable(request: HttpRequest, pk: int) -> Dataset:
    dataset = seen(request, pk)
    if not may_change(request.user, dataset):
        raise Http404
    return dataset


def version_at(request: HttpRequest, pk: int, number: int) -> DatasetVersion:
    known = seen(request, pk).versions.select_related("dataset", "made_by")
    return get_object_or_404(known, number=number)


def dataset_done(
    request: HttpRequest,
    act: Callable[[], object],
    said: str,
    *,
    to: str,
    undo: str = "",
    refused_to: str = "",
) -> HttpResponse:
    """Do it and say so, or say why not; then go on to `to`, or to `refused_to`."""
    try:
        act()
    except DatasetError as error:
        messages.error(request, str(error))
        return redirect(refused_to or to)
    if said:
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
    return redirect(to)
