"""The tasks of a project, and the page of one for those who manage it."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from feedback import task_page, task_search
from feedback.models import Annotation, Project, RankingTask
from feedback.services import task_changes
from feedback.services.errors import FeedbackError
from feedback.views.common import done, managed
from llmkit.numbers import whole_number

LISTED = 50
EXCERPT = 160


@require_safe
def tasks(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    wanted = task_search.Wanted.of(request.GET)
    page = Paginator(task_search.found(project, wanted), LISTED).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "wanted": wanted,
        "page": page,
        "rows": rows(list(page.object_list)),
        "sources": RankingTask.Source.choices,
        "states": task_search.STATES,
        "orders": task_search.ORDERS,
        "labelers": project.labelers.filter(annotations__isnull=False)
        .distinct()
        .values_list("pk", "name"),
    }
    return render(request, "feedback/tasks.html", context)


def rows(found: list[Any]) -> list[dict[str, Any]]:
    current = Annotation.objects.current().filter(task__in=[task.pk for task in found])
    counted = dict(current.order_by().values_list("task").annotate(n=Count("pk")))
    return [
        {
            "task": task,
            "excerpt": excerpt(task),
            "state": task_search.STATES[task.standing],
            "rankings": counted.get(task.pk, 0),
        }
        for task in found
    ]


def excerpt(task: RankingTask) -> str:
    """The beginning of the newest message."""
    text = " ".join(task.messages[-1]["content"].split()) if task.messages else ""
    return f"{text[:EXCERPT].rstrip()}…" if len(text) > EXCERPT else text


def task_of(project: Project, pk: int) -> RankingTask:
    return get_object_or_404(project.tasks.select_related("project", "guidelines"), pk=pk)


@require_safe
def task(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    found = task_of(project, pk)
    answers = task_page.answers_of(found)
    ids = project.tasks.open().order_by("pk").values_list("pk", flat=True)
    context = {
        "project": project,
        "task": found,
        "excerpt": excerpt(found),
        "answers": answers,
        "ranked": [answer for answer in answers if answer.shown],
        "said": task_page.said_of(found, answers),
        "skips": task_page.skips_of(found),
        "holders": task_page.holders_of(found),
        "taken": found.assignments.exists(),
        "before": ids.filter(pk__lt=pk).last(),
        "after": ids.filter(pk__gt=pk).first(),
    }
    return render(request, "feedback/task.html", context)


def acted(
    request: HttpRequest, found: RankingTask, act: Callable[[], object], said: str, undo: str = ""
) -> HttpResponse:
    keys = [found.project.slug, found.pk]
    to = reverse("feedback:task", args=keys)
    back = reverse(f"feedback:{undo}", args=keys) if undo else ""
    return done(request, act, said, to=to, undo=back)


@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = task_of(managed(request, slug), pk)
    said = "The task was withdrawn. Nobody is asked, and its rankings are in no dataset."
    return acted(request, found, lambda: task_changes.withdraw(task=found), said, "task-bring-back")


@require_POST
def bring_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = task_of(managed(request, slug), pk)
    return acted(request, found, lambda: task_changes.bring_back(task=found), "The task is back.")


@require_POST
def change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = task_of(managed(request, slug), pk)

    def act() -> None:
        numbers = {name: number(request, name) for name in ("priority", "overlap")}
        task_changes.change(task=found, **numbers)

    return acted(request, found, act, "Saved.")


def number(request: HttpRequest, name: str) -> int:
    try:
        return int(request.POST.get(name, ""))
    except ValueError as error:
        raise FeedbackError(f"Give the {name} as a whole number.") from error


@require_POST
def gold(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The form has one field `tier-<candidate>` for each answer."""
    found = task_of(managed(request, slug), pk)
    named = [key.removeprefix("tier-") for key in request.POST if key.startswith("tier-")]
    given = {key: request.POST[f"tier-{key}"] for key in named}
    read = ((whole_number(place), whole_number(tier)) for place, tier in given.items())
    tiers = {place: tier for place, tier in read if place is not None and tier is not None}
    said = "This is a gold task now. Everybody gets it, and it is in no dataset."
    return acted(
        request,
        found,
        lambda: task_changes.make_gold(task=found, tier_of=tiers),
        said,
        "task-ungold",
    )


@require_POST
def ungold(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = task_of(managed(request, slug), pk)
    return acted(
        request,
        found,
        lambda: task_changes.unmake_gold(task=found),
        "This is an ordinary task again.",
    )
