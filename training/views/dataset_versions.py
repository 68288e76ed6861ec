"""The page of one version, its rows, what changed, and its files as downloads."""

from typing import Any

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from llmkit.numbers import whole_number
from training import dataset_figures, dataset_pages
from training.dataset_panels import panels_of
from training.models import DatasetVersion
from training.services import dataset_changes, dataset_files, dataset_rows
from training.services.datasets import DatasetError
from training.views.datasets_common import may_change, version_at

REFUSED_ROWS = "refused.jsonl"


@require_safe
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    shown = version_at(request, pk, number)
    user = signed_in(request)
    panels = panels_of(shown, user)
    files = dataset_pages.by_split(shown)
    context = {
        "version": shown,
        "dataset": shown.dataset,
        "origin": dataset_pages.origin_of(shown, panels, user),
        "how": dataset_pages.how_made(shown),
        "panels": [panel for panel in panels if panel.template],
        "files": files,
        "figures": dataset_figures.of(shown),
        "refused": sorted(shown.report.get("refused", {}).items(), key=lambda found: -found[1]),
        "older": dataset_changes.before(shown),
        "may_change": may_change(request.user, shown.dataset),
        **_rows(request, shown, files),
    }
    return render(request, "datasets/version.html", context)


def _rows(
    request: HttpRequest, shown: DatasetVersion, files: list[dict[str, Any]]
) -> dict[str, Any]:
    """The rows that the address asks for, or why they can't be shown."""
    first = next((file["name"] for file in files if file["rows"]), "")
    name, words = request.GET.get("file") or first, request.GET.get("q", "")
    page = whole_number(request.GET.get("page", "")) or 1
    asked = {"file": name, "q": words}
    try:
        rows = dataset_rows.page_of(shown, name, page=page, words=words) if name else None
    except DatasetError as error:
        return {"asked": asked, "rows_error": str(error)}
    return {"asked": asked, "rows": rows}


@require_safe
def changes(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The rows that are new since the version before, or gone since then."""
    shown = version_at(request, pk, number)
    older = dataset_changes.before(shown)
    if older is None:
        raise Http404
    which = "gone" if request.GET.get("which") == "gone" else "added"
    one, other = (shown, older) if which == "added" else (older, shown)
    context: dict[str, Any] = {"version": shown, "older": older, "which": which}
    try:
        context["counts"] = dataset_changes.counted(shown, older)
        found = list(dataset_changes.only_in(one, other))
        context["page"] = Paginator(found, dataset_rows.PER_PAGE).get_page(request.GET.get("page"))
    except DatasetError as error:
        context["rows_error"] = str(error)
    return render(request, "datasets/changes.html", context)


@require_safe
def file(request: HttpRequest, pk: int, number: int, name: str) -> HttpResponseBase:
    """A file as it was frozen, or as CSV or Parquet."""
    shown, form = version_at(request, pk, number), request.GET.get("as", "jsonl")
    if name not in shown.files or form not in dataset_files.FORMATS:
        raise Http404
    stem = f"{slugify(shown.dataset.name) or 'dataset'}-v{number}-{name.removesuffix('.jsonl')}"
    try:
        return _sent(shown, name, form, f"{stem}.{form}")
    except (DatasetError, OSError) as error:
        return HttpResponse(str(error), status=410, content_type="text/plain; charset=utf-8")


def _sent(shown: DatasetVersion, name: str, form: str, as_name: str) -> HttpResponseBase:
    """The open file is all that is left of a converted one: it was removed by its name."""
    if form == "jsonl":
        opened = (shown.folder / name).open("rb")
    else:
        path = dataset_files.converted(shown, name, form)
        opened = path.open("rb")
        path.unlink()
    return FileResponse(opened, as_attachment=True, filename=as_name)


@require_safe
def refused(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """The rows that were left out, each with its number and fault."""
    path = version_at(request, pk, number).folder / REFUSED_ROWS
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=REFUSED_ROWS)
