"""Rankings from files: uploading one, watching it come in, and what came of it."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback.forms.imports import AskForm, ImportForm, formats
from feedback.models import Import, ImportJob, Project
from feedback.next_step import tasks
from feedback.services.errors import FeedbackError
from feedback.services.imports import receiving
from feedback.services.overlap import ask_again
from feedback.views.common import done, managed

PIECE_BYTES = 8_000_000
REFUSED = 422
LISTED = 20
EXAMPLES = 3
LONGEST_SHOWN = 400


def listed(request: HttpRequest, project: Project) -> dict[str, Any]:
    history = project.imports.select_related("imported_by")
    jobs = list(project.import_jobs.unfinished().order_by("-created_at"))
    return {
        "project": project,
        "jobs": jobs,
        "page": Paginator(history, LISTED).get_page(request.GET.get("page")),
        "working": any(job.is_live for job in jobs),
    }


@require_safe
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    context = listed(request, managed(request, slug)) | {
        "formats": formats(),
        "form": ImportForm(),
        "piece": PIECE_BYTES,
        "limit": receiving.LIMIT,
    }
    return render(request, "feedback/imports.html", context)


@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The page's moving part, which asks for itself again while something comes in."""
    return render(request, "feedback/import_rows.html", listed(request, managed(request, slug)))


def _told(act: Callable[[], dict[str, object]]) -> JsonResponse:
    """JSON for the uploading script: what came of it, or one sentence."""
    try:
        return JsonResponse(act())
    except FeedbackError as error:
        return JsonResponse({"error": str(error)}, status=REFUSED)


@require_POST
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Announce a file; the answer says where to send its pieces and how much has arrived."""
    project = managed(request, slug)
    form = ImportForm(request.POST)
    if not form.is_valid():
        sentence = next(iter(form.errors.values()))[0]
        return JsonResponse({"error": sentence}, status=REFUSED)

    def act() -> dict[str, object]:
        job = receiving.begin(project=project, by=signed_in(request), **form.cleaned_data)
        return {"id": str(job.pk), "have": job.done_bytes}

    return _told(act)


@require_http_methods(["PUT"])
def piece(request: HttpRequest, slug: str, job: UUID, at: int) -> HttpResponse:
    """Bytes of an upload from `at` on; the answer says how many have arrived."""
    mine = managed(request, slug).import_jobs.filter(started_by=signed_in(request))
    found = get_object_or_404(mine, pk=job)
    if int(request.headers.get("Content-Length") or 0) > PIECE_BYTES:
        return JsonResponse({"error": "This piece is too large."}, status=413)
    return _told(lambda: {"have": receiving.receive(job=found, at=at, data=request.body)})


def _job(request: HttpRequest, slug: str, job: UUID) -> ImportJob:
    return get_object_or_404(managed(request, slug).import_jobs.select_related("staging"), pk=job)


@require_POST
def cancel(request: HttpRequest, slug: str, job: UUID) -> HttpResponse:
    found, to = _job(request, slug, job), reverse("feedback:imports", args=[slug])
    return done(request, lambda: receiving.cancel(job=found), "", to=to)


@require_POST
def dismiss(request: HttpRequest, slug: str, job: UUID) -> HttpResponse:
    found, to = _job(request, slug, job), reverse("feedback:imports", args=[slug])
    return done(request, lambda: receiving.dismiss(job=found), "", to=to)


def _import(request: HttpRequest, slug: str, pk: int) -> Import:
    known = managed(request, slug).imports.select_related("project", "imported_by")
    return get_object_or_404(known, pk=pk)


@require_safe
def result(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = _import(request, slug, pk)
    context = {
        "project": found.project,
        "done": found,
        "form": AskForm(initial={"overlap": found.project.overlap}),
        "made": found.made.count(),
        "withdrawn": found.made.exclude(withdrawn_at=None).count(),
        "asked": found.made.open().filter(overlap__gt=0).count(),
        "repairs": sorted(found.repaired.items(), key=lambda one: -one[1]),
        "faults": faults(found),
    }
    return render(request, "feedback/import.html", context)


def faults(found: Import) -> list[dict[str, Any]]:
    """Every fault with how often it was, and some of its rows."""
    return [
        {
            "fault": fault,
            "count": count,
            "examples": [
                {"number": row.number, "raw": shortened(row.raw)}
                for row in found.quarantine.filter(fault=fault[:300])[:EXAMPLES]
            ],
        }
        for fault, count in sorted(found.refused.items(), key=lambda one: -one[1])
    ]


def shortened(raw: str) -> str:
    return raw if len(raw) <= LONGEST_SHOWN else f"{raw[:LONGEST_SHOWN]}…"


@require_safe
def quarantine(request: HttpRequest, slug: str, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The refused rows as JSON lines: their number, their fault, and the row as it stood."""
    found = _import(request, slug, pk)
    response = StreamingHttpResponse(lines(found), content_type="application/jsonl; charset=utf-8")
    name = slugify(found.file_name.split(".")[0]) or "rows"
    response["Content-Disposition"] = f'attachment; filename="{name}-refused.jsonl"'
    return response


async def lines(found: Import) -> AsyncIterator[str]:
    async for row in found.quarantine.aiterator(500):
        said = {"row": row.number, "fault": row.fault, "raw": row.raw}
        yield json.dumps(said, ensure_ascii=False) + "\n"


@require_POST
def ask(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let people rank the tasks of an import too."""
    found, form = _import(request, slug, pk), AskForm(request.POST)

    def act() -> None:
        if not form.is_valid():
            raise FeedbackError("Give an overlap from 1 to 20.")
        ask_again(found.made.open(), form.cleaned_data["overlap"])

    said = f"{tasks(found.made.open().count())} can be ranked now."
    return done(request, act, said, to=reverse("feedback:import", args=[slug, pk]))


@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, keys = _import(request, slug, pk), [slug, pk]
    said = "The tasks were withdrawn. Nobody is asked, and their rankings are in no dataset."
    to, undo = (reverse(f"feedback:{name}", args=keys) for name in ("import", "import-bring-back"))
    return done(request, lambda: receiving.withdraw(done=found), said, to=to, undo=undo)


@require_POST
def bring_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, to = _import(request, slug, pk), reverse("feedback:import", args=[slug, pk])
    return done(request, lambda: receiving.bring_back(done=found), "The tasks are back.", to=to)
