"""Making a dataset version: what it is to hold, the report on it, and freezing it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback.forms.freezing import FreezingForm, asked_last
from feedback.models import Freezing, Project
from feedback.pairs import reported
from feedback.services import freezing
from feedback.services.errors import FeedbackError
from feedback.services.freezing import asking
from feedback.views.common import managed
from training.models import Dataset

REFUSED = 422
EARLIER = 10


@require_http_methods(["GET", "HEAD", "POST"])
def freeze(request: HttpRequest, slug: str) -> HttpResponse:
    """The choices; sending them has the report prepared."""
    project = managed(request, slug)
    form = FreezingForm(request.POST or None, initial=asked_last(project))
    if request.method == "POST" and form.is_valid():
        try:
            name = form.cleaned_data["name"]
            by = signed_in(request)
            report = freezing.prepare(project=project, name=name, recipe=form.recipe, by=by)
            return redirect("feedback:freezing", slug, report.pk)
        except FeedbackError as error:
            form.add_error(None, str(error))
    return _choices(request, project, form)


def _choices(request: HttpRequest, project: Project, form: FreezingForm) -> HttpResponse:
    context = {
        "project": project,
        "form": form,
        "datasets": Dataset.objects.seen_by(signed_in(request))
        .in_use()
        .filter(kind=Dataset.Kind.PREFERENCE),
        "earlier": project.freezings.select_related("version__dataset", "started_by")[:EARLIER],
        "ranked": project.tasks.filter(annotations__isnull=False).exists(),
    }
    status = REFUSED if form.errors else 200
    return render(request, "feedback/freeze.html", context, status=status)


def _mine(request: HttpRequest, slug: str, key: UUID) -> Freezing:
    known = Freezing.objects.filter(project=managed(request, slug))
    return get_object_or_404(known.select_related("project", "version__dataset"), pk=key)


@require_safe
def report(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """How far it is, then the report; while it waits the page asks for its middle."""
    job = _mine(request, slug, key)
    context = {"project": job.project, "job": job, **reported.context(job)}
    if not request.headers.get("HX-Request"):
        return render(request, "feedback/report.html", context)
    if job.is_live:
        return render(request, "feedback/report_wait.html", context)
    return HttpResponse(headers={"HX-Refresh": "true"})


@require_POST
def confirm(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """Freeze what the report told of."""
    told = _mine(request, slug, key)
    try:
        job = freezing.freeze(report=told, by=signed_in(request))
    except FeedbackError as error:
        messages.error(request, str(error))
        job = told
    return redirect("feedback:freezing", slug, job.pk)


@require_POST
def cancel(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    asking.cancel(freezing=_mine(request, slug, key))
    return redirect("feedback:freezing", slug, key)
