"""The page of one run, its moving parts, and its files as downloads."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in
from llmkit.numbers import whole_number
from training.forms_run_notes import NotesForm
from training.models import TrainingJob
from training.run.folder import RunFolder
from training.services.errors import RunsError
from training.services.runs import care, queue, working
from training.showing import health, logs, news, pages
from training.showing.reading import reading_of, samples_at
from training.showing.reward_figures import reward_figures
from training.views.runs_common import is_admin, run_done, seen

SAME, REFUSED = 204, 422


@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page; its form changes the name and the notes."""
    job = seen(request, pk)
    form = NotesForm(request.POST or None, initial={"name": job.name, "notes": job.notes})
    if request.method == "POST" and form.is_valid():
        try:
            care.describe(job=job, **form.cleaned_data)
            return run_done(request, lambda: None, "Saved.", to=job.get_absolute_url())
        except RunsError as error:
            form.add_error("name", str(error))
    working.reap()
    job = seen(request, pk)
    context = _context(request, job) | _samples(request, job) | _log(job)
    context |= {"form": form, "reward_figures": reward_figures(job.produced)}
    status = REFUSED if form.errors else 200
    return render(request, "training/runs/run.html", context, status=status)


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is; with all that hangs on its state where the reader saw another one."""
    job = seen(request, pk)
    fresh = request.headers.get("X-Seen") != pages.mark(job)
    if not fresh and request.headers.get("X-Read") == str(job.events_read):
        return HttpResponse(status=SAME)
    context = _context(request, job) | {"fresh": fresh}
    return render(request, "training/runs/live.html", context)


def _context(request: HttpRequest, job: TrainingJob) -> dict[str, Any]:
    changed, rest = pages.settings(job)
    final, others = pages.figures(job)
    with reading_of(job) as found:
        wrong = health.with_told(health.looks_wrong(found.curves, job.config), found.warnings)
        resumes = list(found.curves.resumes)
    return {
        "run": job,
        "mark": pages.mark(job),
        "given": pages.given(job, signed_in(request)),
        "changed": changed,
        "rest": rest,
        "now": pages.now(job),
        "final": final,
        "others": others,
        "ahead": queue.ahead(job, signed_in(request)),
        "wrong": wrong,
        "siblings": pages.siblings(job),
        "resumes": resumes,
        "is_admin": is_admin(request),
    }


@require_safe
def curves(request: HttpRequest, pk: UUID) -> JsonResponse:
    """Points for the charts: `after` an offset, or all; the folded ones where `all` is asked."""
    job = seen(request, pk)
    after = request.GET.get("after", "")
    found = news.news(
        job,
        after=whole_number(after) or 0,
        everything="all" in request.GET,
    )
    return JsonResponse(found)


@require_safe
def samples(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return render(request, "training/runs/samples.html", _samples(request, job) | {"run": job})


def _samples(request: HttpRequest, job: TrainingJob) -> dict[str, Any]:
    """The newest ones, or those of the step that is asked for."""
    with reading_of(job) as found:
        steps = sorted(found.samples)
        wanted = whole_number(request.GET.get("step", ""))
        step = wanted if wanted in steps else None
        at = step if step is not None else steps[-1] if steps else 0
        place = steps.index(at) if steps else 0
        return {
            "samples": samples_at(found, at),
            "sample_steps": steps,
            "sample_step": at,
            "newest": step is None or step == steps[-1],
            "before": steps[place - 1] if place > 0 else None,
            "after": steps[place + 1] if place + 1 < len(steps) else None,
        }


@require_safe
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = seen(request, pk)
    return render(request, "training/runs/log.html", _log(job) | {"run": job})


def _log(job: TrainingJob) -> dict[str, Any]:
    with reading_of(job) as found:
        lines = logs.lines(found.lines)
    return {"lines": lines, "printed": logs.printed(job)}


@require_safe
def output(request: HttpRequest, pk: UUID) -> FileResponse:
    job = seen(request, pk)
    return _download(logs.output_of(job), f"{job.name}.log")


@require_safe
def events(request: HttpRequest, pk: UUID) -> FileResponse:
    job = seen(request, pk)
    return _download(RunFolder(job.folder).events_file, f"{job.name}-events.jsonl")


def _download(path: Path, name: str) -> FileResponse:
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)
