"""The pairs of a frozen version, back to the revisions that they were made from."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from feedback.pairs.frozen import FILES, page_of
from feedback.views.common import managed
from llmkit.numbers import whole_number
from training.models import DatasetVersion
from training.services.datasets import DatasetError


@require_safe
def rows(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    version = get_object_or_404(DatasetVersion.objects.select_related("dataset"), pk=pk)
    if version.source.get("project") != project.pk:
        raise Http404
    files = [name for name in FILES if version.files.get(name, {}).get("rows")]
    asked = request.GET.get("file", "")
    file = asked if asked in files else next(iter(files), "")
    task = whole_number(request.GET.get("task", ""))
    context: dict[str, Any] = {
        "project": project,
        "version": version,
        "files": [(name, *FILES[name], version.files[name]["rows"]) for name in files],
        "asked": {"file": file, "task": task},
    }
    try:
        page = whole_number(request.GET.get("page", "")) or 1
        context["page"] = page_of(project, version, file, page=page, task=task) if file else None
    except DatasetError as error:
        context["rows_error"] = str(error)
    return render(request, "feedback/frozen.html", context)
