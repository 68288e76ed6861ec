"""A reward model that puts the least sure tasks first: chosen, watched, stopped."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from feedback.models import Doubting, Project
from feedback.services import doubting, doubting_jobs
from feedback.views.common import done, managed
from training.services import rewards


def context_of(project: Project) -> dict[str, Any]:
    """For feedback/doubting.html: what may be chosen, and the last time it was done."""
    return {
        "project": project,
        "judges": rewards.to_choose_from(),
        "waiting": doubting.waiting(project).count(),
        "doubting": Doubting.objects.filter(project=project).select_related("judge").first(),
    }


@require_safe
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The moving part, which asks for itself while something is done."""
    return render(request, "feedback/doubting.html", context_of(managed(request, slug)))


@require_POST
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    project, by = managed(request, slug), signed_in(request)
    name = request.POST.get("judge", "")
    to = reverse("feedback:settings", args=[slug]) + "#doubt"
    return done(request, lambda: doubting_jobs.begin(project=project, name=name, by=by), "", to=to)


@require_POST
def cancel(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    job = get_object_or_404(Doubting, project=managed(request, slug), pk=key)
    to = reverse("feedback:settings", args=[slug]) + "#doubt"
    return done(request, lambda: doubting_jobs.cancel(job=job), "", to=to)
