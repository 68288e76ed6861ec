"""The pairs of a project: what its rankings say now, down to the revision."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.models import Annotation
from feedback.pairs.finding import NONE, SHOWS, Wanted, window
from feedback.pairs.recipes import last_recipe, placed_now
from feedback.rules.splits import SPLITS
from feedback.views.common import managed


@require_safe
def pairs(request: HttpRequest, slug: str) -> HttpResponse:
    project = managed(request, slug)
    wanted, recipe = Wanted.of(request.GET), last_recipe(project)
    shown = window(project, wanted, recipe, placed_now(project, recipe))
    context = {
        "project": project,
        "wanted": wanted,
        "window": shown,
        "recipe": recipe,
        "shows": SHOWS,
        "splits": {**{split: split.capitalize() for split in SPLITS}, NONE: "None yet"},
        "sources": Annotation.Source.choices,
        "labelers": project.labelers.filter(annotations__isnull=False)
        .distinct()
        .values_list("pk", "name"),
        "versions": project.freezings.exclude(version=None).select_related("version__dataset")[:1],
    }
    return render(request, "feedback/pairs.html", context)
