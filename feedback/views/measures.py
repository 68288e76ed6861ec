"""How far people agree, and which models they prefer: for those who manage the project."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.services.agreement.pages import WHO, Choice, Findings, findings
from feedback.services.agreement.strengths import standings
from feedback.showing import agreement as showing
from feedback.showing import strengths as showing_strengths
from feedback.views.common import managed

CHOICES = {
    "who": {
        "people": "All people",
        "pages": "People on the ranking page",
        "files": "People from files",
        "models": "Models",
    },
    "tasks": {"all": "All tasks", "uniform": "Tasks drawn at random"},
    "by": {"week": "Week", "hundred": "Hundreds of tasks"},
}


@require_safe
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    choice = choice_of(request.GET)
    found = findings(project=project, choice=choice)
    context = {
        "project": project,
        "choices": CHOICES,
        "chosen": {
            "who": choice.who,
            "tasks": "uniform" if choice.uniform else "all",
            "by": choice.by,
        },
        "found": found,
        **figures(found, choice),
    }
    return render(request, "feedback/agreement/agreement.html", context)


def choice_of(given: QueryDict) -> Choice:
    """What the address says; what it does not know is the usual."""
    who, by = given.get("who", ""), given.get("by", "")
    return Choice(
        who=who if who in WHO else "people",
        uniform=given.get("tasks") == "uniform",
        by=by if by in CHOICES["by"] else "week",
    )


def figures(found: Findings, choice: Choice) -> dict[str, Any]:
    return {
        "summary": showing.summary(found.agreement),
        "told": showing.MEASURES.values(),
        "measures": showing.measures(found.agreement),
        "trend": showing.trend(found.spans, choice.by) if len(found.spans) > 1 else None,
        "matrix": showing.matrix(found.matrix) if len(found.matrix.names) > 1 else None,
        "questions": showing.questions(found.questions) if found.questions else None,
        "models": showing.models(found) if found.models else None,
        "bias": showing.bias(found.bias) if found.bias.decided else None,
        "bias_words": showing.bias_in_words(found.bias),
    }


@require_safe
def strengths(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    found = standings(project)
    context = {
        "project": project,
        "found": found,
        "figures": showing_strengths.figures(found),
        "length": showing_strengths.length_in_words(found),
    }
    return render(request, "feedback/agreement/strengths.html", context)
