"""Batches of prompts: uploading them, what they would cost, and how far they are."""

import json
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback.forms.batches import PromptsForm, StartForm
from feedback.models import Batch, BatchPrompt, Project
from feedback.services.batches import making, progress, reaping
from feedback.services.errors import FeedbackError
from feedback.views.common import done, managed
from training import engines

PER_PAGE = 25
SHOWN = 5
REFUSED = 422
FORM = ["GET", "HEAD", "POST"]


def batch_of(request: HttpRequest, slug: str, key: UUID) -> Batch:
    """A batch of a project the person manages; 404 to everybody else."""
    batches = Batch.objects.filter(project=managed(request, slug))
    return get_object_or_404(batches.select_related("project", "started_by"), pk=key)


def page_of(batch: Batch) -> str:
    return reverse("feedback:batch", args=[batch.project.slug, batch.pk])


@require_safe
def batches(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    reaping.reap()
    found = project.batches.select_related("started_by")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = progress.with_counts(page.object_list)
    context = {"project": project, "page": page, "rows": rows}
    return render(request, "feedback/batches/list.html", context)


@require_http_methods(FORM)
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload prompts. A draft is made of them, which is looked at before it is started."""
    project = managed(request, slug)
    sent = request.method == "POST"
    form = PromptsForm(request.POST, request.FILES) if sent else PromptsForm()
    if sent and form.is_valid():
        try:
            return redirect(page_of(drafted(request, project, form)))
        except FeedbackError as error:
            form.add_error("file" if form.cleaned_data["file"] else "typed", str(error))
    status = REFUSED if sent else 200
    context = {"project": project, "form": form}
    return render(request, "feedback/batches/new.html", context, status=status)


def drafted(request: HttpRequest, project: Project, form: PromptsForm) -> Batch:
    name, content = form.name_and_content
    return making.draft(
        project=project,
        name=name,
        content=content,
        system=form.cleaned_data["system"],
        by=signed_in(request),
    )


@require_safe
def batch(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    found = batch_of(request, slug, key)
    if found.is_draft:
        return draft_page(request, found, start_form(found), 200)
    reaping.reap()
    found.refresh_from_db()
    return render(request, "feedback/batches/batch.html", context_of(request, found))


def context_of(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    state = request.GET.get("state", "")
    prompts = batch.prompts.select_related("task")
    if state in BatchPrompt.State.values:
        prompts = prompts.filter(state=state)
    return {
        "project": batch.project,
        "batch": batch,
        "progress": progress.progress_of(batch),
        "refused": batch.refused.count(),
        "columns": batch.columns,
        "state": state,
        "states": BatchPrompt.State.choices,
        "page": Paginator(prompts, PER_PAGE).get_page(request.GET.get("page")),
    }


def start_form(batch: Batch, data: Any = None) -> StartForm:
    picker = async_to_sync(engines.picker)()
    initial = {
        "model": engines.preferred(picker.names),
        "candidates": batch.candidates,
        "seed": batch.seed,
        "skip_known": True,
    }
    return StartForm(picker, initial, data)


def draft_page(request: HttpRequest, batch: Batch, form: StartForm, status: int) -> HttpResponse:
    prompts = batch.prompts.all()
    context = {
        "project": batch.project,
        "batch": batch,
        "form": form,
        "served": len(form.columns[0].fields["model"].choices) > 1,  # type: ignore[attr-defined]
        "count": prompts.count(),
        "known": prompts.filter(known=True).count(),
        "first": prompts[:SHOWN],
        "refused": batch.refused.count(),
        "first_refused": batch.refused.all()[:SHOWN],
        "estimate": estimated(batch, form) if form.batch.is_bound else None,
    }
    return render(request, "feedback/batches/draft.html", context, status=status)


def estimated(batch: Batch, form: StartForm) -> progress.Estimate | None:
    if not form.is_valid():
        return None
    asked = form.choices
    return progress.estimate(
        batch=batch,
        columns=asked["columns"],
        candidates=asked["candidates"],
        skip_known=asked["skip_known"],
    )


@require_POST
def estimate(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """What starting with the form as it stands would cost: a fragment."""
    found = batch_of(request, slug, key)
    form = start_form(found, request.POST)
    context = {"estimate": estimated(found, form), "form": form}
    return render(request, "feedback/batches/estimate.html", context)


@require_POST
def start(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    found = batch_of(request, slug, key)
    form = start_form(found, request.POST)
    if form.is_valid():
        try:
            making.start(batch=found, **form.choices)
            return redirect(page_of(found))
        except FeedbackError as error:
            form.batch.add_error(None, str(error))
    return draft_page(request, found, form, REFUSED)


@require_safe
def live(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """The page's moving part; when the work has ended, the whole page comes anew."""
    reaping.reap()
    found = batch_of(request, slug, key)
    context = {"project": found.project, "batch": found, "progress": progress.progress_of(found)}
    answer = render(request, "feedback/batches/live.html", context)
    if not found.is_at_work:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def cancel(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    found = batch_of(request, slug, key)
    return done(request, lambda: making.cancel(batch=found), "", to=page_of(found))


@require_POST
def resume(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    found = batch_of(request, slug, key)
    return done(request, lambda: making.resume(batch=found), "", to=page_of(found))


@require_POST
def discard(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    found = batch_of(request, slug, key)
    to = reverse("feedback:batches", args=[slug])
    return done(request, lambda: making.discard(batch=found), "The prompts were discarded.", to=to)


@require_safe
def refused(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """The rows that are no prompts, with their faults, as JSON lines."""
    found = batch_of(request, slug, key)
    rows = ({"row": r.number, "fault": r.fault, "raw": r.raw} for r in found.refused.all())
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    answer = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="refused.jsonl"'
    return answer
