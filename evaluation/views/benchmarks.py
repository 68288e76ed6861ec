"""What benchmarks there are, whether their items are here, and bringing them."""

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluation import benchmarks as catalogue
from evaluation.benchmarks import BenchmarkError, Task, bringing
from evaluation.forms import BringForm
from evaluation.services.places import benchmarks_dir
from evaluation.showing import catalogue as shown
from evaluation.views.common import done

REFUSED = 422


@require_safe
def benchmarks(request: HttpRequest) -> HttpResponse:
    context = {"packs": shown.packs(), "areas": shown.areas()}
    return render(request, "evaluation/benchmarks/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, name: str) -> HttpResponse:
    """A task's page; its form brings files."""
    found = task_named(name)
    form = BringForm(found, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return brought(request, found, **form.cleaned_data)
        except BenchmarkError as error:
            form.add_error("files", str(error))
    context = {"row": shown.row(found), "form": form if found.files else None}
    status = REFUSED if form.is_bound else 200
    return render(request, "evaluation/benchmarks/task.html", context, status=status)


def brought(
    request: HttpRequest, found: Task, *, split: str, files: list[UploadedFile]
) -> HttpResponse:
    with tempfile.TemporaryDirectory() as folder:
        paths = [kept(Path(folder) / str(place), each) for place, each in enumerate(files)]
        local = bringing.bring(found, split, paths, benchmarks_dir())
    messages.success(request, f"{local.rows:,} items of {found.title} were brought.")
    return redirect("evaluation:task", found.name)


def kept(folder: Path, file: UploadedFile) -> Path:
    """Under its own name, which messages tell and some formats read."""
    folder.mkdir()
    path = folder / (Path(str(file.name)).name or "file")
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path


@require_POST
def forget(request: HttpRequest, name: str, split: str) -> HttpResponse:
    found = task_named(name)

    def act() -> Any:
        bringing.forget(found, split, benchmarks_dir())

    said = f"The items of {found.title}, {split}, were removed. Scores stay."
    return done(request, act, said, to=shown.address(found))


def task_named(name: str) -> Task:
    try:
        return catalogue.task(name)
    except BenchmarkError as error:
        raise Http404 from error
