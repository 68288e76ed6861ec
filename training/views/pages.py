"""The Models page and the page of one model: everyone may look."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from llmkit import merging
from llmkit.adding.licences import card_of
from llmkit.markdown import render as as_html
from training import shelf
from training.forms import PrecisionForm
from training.forms_versions import AboutForm, MergeForm, NameForm, about_of
from training.models import ModelVersion
from training.services import endpoints, leftovers, promoting, registry, working
from training.showing.reward_figures import reward_figures
from training.version_story import story_of
from training.views.common import is_admin, known, may_add

LONGEST_CARD = 60_000


def _context(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    tag = request.GET.get("tag", "").replace("\0", "")
    return {"shelf": shelf.shelf(tag), "may_add": may_add(user), "is_admin": is_admin(user)}


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The page brings the registry up to date with the disk, and dropped work on its way."""
    working.reap()
    leftovers.sweep()
    registry.sync()
    endpoints.check_due()
    return render(request, "training/models.html", _context(request))


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The page's moving part, which asks for itself again and again."""
    working.reap()
    endpoints.check_due()
    return render(request, "training/shelf.html", _context(request))


@require_safe
def model(request: HttpRequest, pk: int) -> HttpResponse:
    version = known(pk)
    card = card_of(version.folder)
    context = {
        "shown": shelf.shown(version),
        "version": version,
        "files": _files(version),
        "lineage": _lineage(version),
        "story": story_of(version, signed_in(request)),
        "reward_figures": reward_figures(version),
        "former": [former.name for former in version.former_names.all()],
        "promotion": promoting.current(),
        "card": as_html(card[:LONGEST_CARD]) if card else "",
        "card_is_cut": len(card) > LONGEST_CARD,
        "affected": shelf.affected(version),
        "name_form": NameForm(initial={"own_name": version.short_name}),
        "merge_form": MergeForm(),
        "unmergeable": merging.why_not(version.architecture),
        "about_form": AboutForm(initial=about_of(version)),
        "form": PrecisionForm(initial={"precision": version.precision}),
        "may_add": may_add(request.user),
        "is_admin": is_admin(request.user),
    }
    return render(request, "training/model.html", context)


def _files(version: ModelVersion) -> list[dict[str, Any]]:
    """Name, size and hash of each file, as it was when the model was added."""
    listed = registry.provenance(version.folder).get("files")
    if not isinstance(listed, dict):
        return []
    return [{"name": name, **facts} for name, facts in listed.items() if isinstance(facts, dict)]


def _lineage(version: ModelVersion) -> list[tuple[str, list[ModelVersion]]]:
    """What it came from, and what came from it."""
    parents = [v for v in (version.parent,) if v is not None]
    base = [v for v in (version.base,) if v is not None and v not in parents]
    children = list(version.children.exclude(state=ModelVersion.State.DELETED))
    named = [("Comes from", parents), ("Sits on", base), ("Trained from it", children)]
    return [(words, found) for words, found in named if found]
