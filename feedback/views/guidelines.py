"""A project's guidelines: the newest, every earlier version with what changed, and writing one."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback.forms.projects import MOST_GUIDELINES
from feedback.models import Guidelines, Project
from feedback.services import guidelines
from feedback.services.errors import FeedbackError
from feedback.views.common import managed
from llmkit.numbers import whole_number

REFUSED = 422


@require_safe
def newest(request: HttpRequest, slug: str) -> HttpResponse:
    return shown(request, managed(request, slug), None)


@require_safe
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    project = managed(request, slug)
    return shown(request, project, get_object_or_404(project.guidelines, number=number))


def shown(request: HttpRequest, project: Project, wanted: Guidelines | None) -> HttpResponse:
    """One version with all there are; None stands for the newest."""
    versions = list(
        project.guidelines.select_related("written_by")
        .annotate(rankings=Count("annotations"))
        .order_by("-number")
    )
    current = wanted or (versions[0] if versions else None)
    context = {
        "project": project,
        "versions": versions,
        "current": current,
        "newest": versions[0] if versions else None,
        "changes": changes(project, current),
    }
    return render(request, "feedback/guidelines.html", context)


def changes(project: Project, current: Guidelines | None) -> list[tuple[str, str]]:
    """Against the version before."""
    if current is None:
        return []
    before = project.guidelines.filter(number=current.number - 1).first()
    return list(guidelines.differences(before.text, current.text)) if before else []


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    last = project.latest_guidelines
    begun_from = last.number if last else 0
    context: dict[str, Any] = {
        "project": project,
        "text": last.text if last else "",
        "begun_from": begun_from,
        "longest": MOST_GUIDELINES,
    }
    if request.method != "POST":
        return render(request, "feedback/guidelines_edit.html", context)
    try:
        return published(request, project)
    except FeedbackError as error:
        typed = request.POST.get("text", "")
        newer = last if last and str(begun_from) != request.POST.get("begun_from") else None
        context |= {"text": typed, "error": str(error), "newer": newer}
        return render(request, "feedback/guidelines_edit.html", context, status=REFUSED)


def published(request: HttpRequest, project: Project) -> HttpResponse:
    text, begun_from = request.POST.get("text", ""), request.POST.get("begun_from", "")
    if len(text) > MOST_GUIDELINES:
        raise FeedbackError(f"Guidelines may have {MOST_GUIDELINES:,} characters; shorten them.")
    written = guidelines.revise(
        project=project,
        text=text,
        writer=signed_in(request),
        begun_from=whole_number(begun_from) or 0,
    )
    messages.success(request, f"Version {written.number} is what labelers see from now on.")
    return redirect(reverse("feedback:guidelines", args=[project.slug]))


@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    managed(request, slug)
    text = request.POST.get("text", "")[:MOST_GUIDELINES]
    return render(request, "feedback/guidelines_preview.html", {"text": text})
