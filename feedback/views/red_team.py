"""The attempts of a project, and beginning one. Labelers see their own, managers all."""

from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback import red_team_page
from feedback.forms.red_team import ModelsForm, initial_of
from feedback.models import Attempt, Project
from feedback.services.errors import FeedbackError
from feedback.services.red_team import dialogue, exporting, setup
from feedback.views.common import managed, ranked
from training import engines

LISTED = 50
REFUSED = 422


@dataclass(frozen=True)
class Seen:
    """A project as the person may see it: all of it, or to take part, or both."""

    project: Project
    manages: bool
    takes_part: bool


def seen(request: HttpRequest, slug: str) -> Seen:
    """404 to everybody else."""
    user = signed_in(request)
    mine = Project.objects.managed_by(user).filter(slug=slug).first()
    theirs = Project.objects.labeled_by(user).filter(slug=slug).first()
    project = mine or theirs
    if project is None:
        raise Http404
    return Seen(project, mine is not None, theirs is not None)


@require_safe
def attempts(request: HttpRequest, slug: str) -> HttpResponse:
    return listed(request, seen(request, slug))


def listed(
    request: HttpRequest, room: Seen, refused: str = "", goal: str = "", alias: str = ""
) -> HttpResponse:
    found = Attempt.objects.filter(project=room.project).begun()
    found = found if room.manages else found.by(signed_in(request))
    wanted = red_team_page.Wanted.of(request.GET) if room.manages else red_team_page.Wanted()
    narrowed = wanted.among(found).select_related("labeler__user", "task")
    page = Paginator(narrowed, LISTED).get_page(request.GET.get("page"))
    context = {
        **common(room),
        "wanted": wanted,
        "page": page,
        "aliases": list(setup.aliases(setup.columns_of(room.project))),
        "refused": refused,
        "goal": goal,
        "alias": alias,
        **(filters(room.project) if room.manages else {}),
    }
    return render(
        request, "feedback/red_team/attempts.html", context, status=REFUSED if refused else 200
    )


def common(room: Seen) -> dict[str, Any]:
    project = room.project
    return {
        "project": project,
        "room": room,
        "objective": project.objective_text or project.get_objective_display(),
        "guidelines": project.latest_guidelines,
    }


def filters(project: Project) -> dict[str, Any]:
    return {
        "models": list(
            project.attempts.order_by("model").values_list("model", flat=True).distinct()
        ),
        "labelers": project.labelers.filter(attempts__isnull=False)
        .distinct()
        .values_list("pk", "name"),
        "states": Attempt.State.choices,
        "successes": Attempt.Success.choices,
        "by_model": red_team_page.by_model(project),
    }


@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """A new attempt on the chosen model."""
    project = ranked(request, slug)
    goal, alias = request.POST.get("goal", ""), request.POST.get("alias", "")
    try:
        begun = dialogue.begin(
            project=project, user=signed_in(request), alias=alias, goal=goal.replace("\x00", "")
        )
    except FeedbackError as error:
        return listed(request, seen(request, slug), str(error), goal, alias)
    return redirect("feedback:attempt", project.slug, begun.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """Which models are tried, and how they answer."""
    project = managed(request, slug)
    columns = setup.columns_of(project)
    names = async_to_sync(engines.models)()
    names += [column.model for column in columns if column.model not in names]
    form = ModelsForm(request.POST or None, initial=initial_of(columns), names=names)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            setup.choose(project=project, columns=form.columns)
        except FeedbackError as error:
            refused = str(error)
        else:
            messages.success(request, "Saved. Attempts that begin now use these models.")
            return redirect("feedback:red-team", project.slug)
    context = {"project": project, "form": form, "refused": refused, "served": names}
    status = REFUSED if request.method == "POST" else 200
    return render(request, "feedback/red_team/models.html", context, status=status)


@require_safe
def export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Every attempt with its dialogue, for those who manage the project."""
    project = managed(request, slug)
    response = StreamingHttpResponse(
        exporting.lines(project), content_type="application/jsonl; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{project.slug}-attempts.jsonl"'
    return response


def address(found: Attempt) -> str:
    return reverse("feedback:attempt", args=[found.project.slug, found.pk])
