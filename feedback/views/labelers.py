"""Who ranks in a project and how, for its managers; and each labeler's own numbers."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from feedback.forms.voiding import VoidSpanForm
from feedback.models import Annotation, Labeler, Project
from feedback.services import voiding
from feedback.services.agreement.labelers import Habits, Roster, roster
from feedback.showing import labelers as showing
from feedback.views.common import managed, ranked

LISTED = 50
ANNOTATIONS = 20


@require_safe
def labelers(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    found = roster(project)
    page = Paginator(found.people, LISTED).get_page(request.GET.get("page"))
    people = list(page.object_list)
    context = {
        "project": project,
        "page": page,
        "habits": showing.HABITS,
        "people": showing.table(people),
        "models": showing.table(found.models),
        "all_people": showing.all_people(found),
        "rankings": found.project.rankings,
        "figure": showing.agreement(project, people, found.project.agreement),
        "models_figure": showing.agreement(project, found.models, None),
    }
    return render(request, "feedback/labelers/labelers.html", context)


@require_safe
def labeler(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    found = labeler_of(project, pk)
    return render(request, "feedback/labelers/labeler.html", labeler_page(request, project, found))


def labeler_of(project: Project, pk: int) -> Labeler:
    shown = project.labelers.exclude(kind=Labeler.Kind.ADJUDICATOR).select_related("user")
    return get_object_or_404(shown, pk=pk)


def labeler_page(
    request: HttpRequest, project: Project, found: Labeler, form: VoidSpanForm | None = None
) -> dict[str, Any]:
    everybody = roster(project)
    said = Annotation.objects.filter(labeler=found).select_related("task").order_by("-pk")
    page = Paginator(said, ANNOTATIONS).get_page(request.GET.get("page"))
    shown = [annotation.pk for annotation in page]
    return {
        "project": project,
        "labeler": found,
        "name": showing.name_of(found),
        "page": page,
        "standing": set(
            voiding.standing(project).filter(pk__in=shown).values_list("pk", flat=True)
        ),
        "voidings": voiding.voidings(found),
        "form": form or VoidSpanForm(),
        **numbers(everybody, habits_of(everybody, found), secrets=True),
    }


def habits_of(everybody: Roster, found: Labeler) -> Habits:
    """404 for a labeler who came while the page was made."""
    if (habits := everybody.of(found)) is None:
        raise Http404
    return habits


def numbers(everybody: Roster, own: Habits, *, secrets: bool) -> dict[str, Any]:
    return {
        "habits": own,
        "lines": showing.lines(own, everybody.project, secrets=secrets),
        "days": showing.days(own) if own.days else None,
        "bias": showing.bias(own, everybody.project) if own.bias.of else None,
    }


@require_safe
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """A labeler's own numbers, without those that would give gold tasks and repeats away."""
    project = ranked(request, slug)
    own = Labeler.objects.filter(project=project, user=signed_in(request)).first()
    everybody = roster(project) if own else None
    habits = everybody.of(own) if own and everybody else None
    context: dict[str, Any] = {"project": project, "habits": habits}
    if everybody and habits:
        context |= numbers(everybody, habits, secrets=False)
    return render(request, "feedback/labelers/mine.html", context)
