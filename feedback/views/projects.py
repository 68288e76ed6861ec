"""The projects a person may rank in or manage, making one, and the overview of one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import ADMIN, TRAINER, is_in_group, signed_in
from accounts.models import User
from feedback import progress
from feedback.forms.projects import NewProjectForm
from feedback.models import Project
from feedback.next_step import next_step
from feedback.services import projects
from feedback.services.errors import FeedbackError
from feedback.views.common import managed, require

REFUSED = 422


def may_manage(user: User) -> bool:
    return is_in_group(user, TRAINER) or is_in_group(user, ADMIN)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    context = {
        "to_rank": to_rank(user),
        "managed": with_progress(list(Project.objects.managed_by(user).select_related("owner"))),
        "archived": Project.objects.run_by(user).archived(),
        "may_manage": may_manage(user),
    }
    return render(request, "feedback/home.html", context)


def to_rank(user: User) -> list[dict[str, Any]]:
    """Where something is left for the person first."""
    found = [
        {"project": project, "left": progress.left_for(user, project)}
        for project in Project.objects.labeled_by(user)
    ]
    return sorted(found, key=lambda row: row["left"] == 0)


def with_progress(found: list[Project]) -> list[dict[str, Any]]:
    counted = progress.progress_of(found)
    return [{"project": project, "progress": counted[project.pk]} for project in found]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    require(may_manage(user))
    initial = {"objective": "helpful", "candidates": 4, "overlap": 1}
    form = NewProjectForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = projects.create(owner=user, **form.cleaned_data)
            return redirect("feedback:project", made.slug)
        except FeedbackError as error:
            form.add_error("name", str(error))
    status = REFUSED if request.method == "POST" else 200
    return render(request, "feedback/new.html", {"form": form}, status=status)


def may_rank(request: HttpRequest, project: Project) -> bool:
    return Project.objects.labeled_by(signed_in(request)).filter(pk=project.pk).exists()


@require_safe
def project(request: HttpRequest, slug: str) -> HttpResponse:
    found = managed(request, slug)
    done = progress.progress_of([found])[found.pk]
    people = progress.may_rank(found)
    context = {
        "project": found,
        "progress": done,
        "sources": progress.sources_of(found),
        "this_week": progress.ranked_this_week(found),
        "may_rank": people,
        "guidelines": found.latest_guidelines,
        "step": next_step(found, done, labelers=people, may_rank=may_rank(request, found)),
    }
    return render(request, "feedback/project.html", context)
