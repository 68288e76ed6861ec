"""A project's settings, and taking it off the pages and back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from feedback.forms.projects import SettingsForm, settings_of
from feedback.models import Project
from feedback.next_step import tasks
from feedback.services import projects
from feedback.services.overlap import Reach
from feedback.views.common import done, managed
from feedback.views.doubting import context_of

REFUSED = 422


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    form = SettingsForm(request.POST or None, initial=settings_of(project))
    if request.method == "POST" and form.is_valid():
        reach = projects.change(project=project, **form.cleaned_data)
        messages.success(request, f"Saved.{in_words(reach, project)}")
        return redirect("feedback:settings", project.slug)
    status = REFUSED if request.method == "POST" else 200
    fresh = get_object_or_404(Project, pk=project.pk)
    context = {"form": form, **context_of(fresh)}
    return render(request, "feedback/settings.html", context, status=status)


def in_words(reach: Reach, project: Project) -> str:
    said = ""
    if reach.changed:
        people = "1 person" if project.overlap == 1 else f"{project.overlap} people"
        said += f" {tasks(reach.changed)} now asked of {people}."
    if reach.kept:
        said += f" {tasks(reach.kept)} kept more, as more people have them. No ranking is lost."
    return said


@require_POST
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    undo = reverse("feedback:restore", args=[slug])
    said = f"{project} was archived."
    home = reverse("feedback:home")
    return done(request, lambda: projects.archive(project=project), said, to=home, undo=undo)


@require_POST
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who could archive it."""
    mine = Project.objects.run_by(signed_in(request)).archived()
    project = get_object_or_404(mine, slug=slug)
    to = reverse("feedback:project", args=[slug])
    return done(request, lambda: projects.restore(project=project), f"{project} is back.", to=to)
