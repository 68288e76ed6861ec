"""What people dispute, and deciding it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from feedback.forms.adjudicating import AdjudicationForm
from feedback.models import Labeler, Project, RankingTask
from feedback.services import adjudicating
from feedback.services.agreement import disagreements
from feedback.services.agreement.disagreements import Disagreement
from feedback.services.errors import FeedbackError
from feedback.showing import disagreements as showing
from feedback.views.common import done, managed
from llmkit.numbers import whole_number

LISTED = 10
REFUSED = 422
STATES = {"open": "Not decided", "decided": "Decided", "all": "All"}


@require_safe
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    wanted = wanted_of(request.GET, project)
    found = disagreements.most_disputed(project, by=wanted["by"], person=wanted["person"])
    decided = disagreements.decided_tasks(project)
    kept = [one for one in found if wanted["state"] in ("all", state(one.task in decided))]
    page = Paginator(kept, LISTED).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "project": project,
        "wanted": wanted,
        "by": showing.BY,
        "states": STATES,
        "people": project.labelers.filter(kind__in=Labeler.PEOPLE).select_related("user"),
        "page": page,
        "rows": [row(one) for one in disagreements.filled(list(page.object_list), decided)],
        "any": bool(found),
        "query": query.urlencode(),
    }
    return render(request, "feedback/agreement/disagreements.html", context)


def state(decided: bool) -> str:
    return "decided" if decided else "open"


def wanted_of(given: QueryDict, project: Project) -> dict[str, Any]:
    """What the address says; what it does not know is the usual."""
    by, wanted = given.get("by", ""), given.get("state", "")
    person = whole_number(given.get("person", "")) or 0
    known = project.labelers.filter(pk=person).exists()
    return {
        "by": by if by in showing.BY else "pairs",
        "state": wanted if wanted in STATES else "open",
        "person": person if known else None,
    }


def row(found: Disagreement) -> dict[str, Any]:
    voices = showing.voices_of(found.annotations)
    answers = showing.answers_of(found.answers, found.annotations)
    return {
        "task": found.task,
        "score": round(100 * found.scored.score),
        "decided": found.decided,
        "answers": answers,
        "table": showing.places(voices, answers),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def adjudicate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The form that decides a task; it works without a script."""
    project = managed(request, slug)
    task = task_of(project, pk)
    page = page_of(project, task)
    letters = [answer.letter for answer in page["answers"]]
    form = AdjudicationForm(request.POST or None, letters=letters, decided=page["decided"])
    if request.method == "POST" and form.is_valid():
        try:
            decide(request, task, form)
            return redirect("feedback:disagreements", slug)
        except FeedbackError as error:
            form.add_error(None, str(error))
    status = REFUSED if request.method == "POST" else 200
    fields = [(form[f"place_{k}"], form[f"bad_{k}"]) for k in range(len(letters))]
    context = {**page, "form": form, "rows": list(zip(page["answers"], fields, strict=True))}
    return render(request, "feedback/agreement/adjudicate.html", context, status=status)


def task_of(project: Project, pk: int) -> RankingTask:
    """A gold task has its answer already."""
    return get_object_or_404(project.tasks.filter(gold__isnull=True), pk=pk)


def page_of(project: Project, task: RankingTask) -> dict[str, Any]:
    said = list(disagreements.people_on([task.pk]))
    answers = {answer.pk: answer for answer in task.candidates.all()}
    candidates = [answers[pk] for pk in task.current_set.candidates]
    shown = showing.answers_of(candidates, said)
    return {
        "project": project,
        "task": task,
        "table": showing.places(showing.voices_of(said), shown),
        "answers": shown,
        "decided": adjudicating.adjudication_of(task),
    }


def decide(request: HttpRequest, task: RankingTask, form: AdjudicationForm) -> None:
    adjudicating.adjudicate(
        task=task,
        by=signed_in(request),
        key=form.cleaned_data["key"],
        ranking=form.ranking,
        comment=form.cleaned_data["comment"],
    )
    withdrawal = reverse("feedback:adjudication-withdraw", args=[task.project.slug, task.pk])
    messages.success(
        request,
        "Decided. Only this ranking gives pairs now.",
        extra_tags=f"undo={withdrawal}",
    )


@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    task = task_of(project, pk)
    return done(
        request,
        lambda: adjudicating.withdraw(task=task, by=signed_in(request)),
        "The decision was withdrawn. What people said gives pairs again.",
        to=reverse("feedback:adjudicate", args=[slug, pk]),
    )
