"""The page where people rank answers. It gets its tasks as fragments and saves as JSON."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from feedback.desk import Desk
from feedback.models import Assignment, Labeler, Project
from feedback.services import labeling
from feedback.services.errors import FeedbackError
from feedback.services.labeling import LostClaimError, StaleDraftError
from feedback.views.common import ranked

LONGEST_BODY = 500_000
View = Callable[..., HttpResponse]


def refusals_as_json(view: View) -> View:
    """A refusal is a sentence and a status: 409 a newer draft, 410 the claim is gone, 400 else."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except StaleDraftError as error:
            newer = {"draft": error.assignment.draft, "revision": error.assignment.draft_revision}
            return JsonResponse({"error": str(error), **newer}, status=409)
        except LostClaimError as error:
            return JsonResponse({"error": str(error)}, status=410)
        except FeedbackError as error:
            return JsonResponse({"error": str(error)}, status=400)

    return told


def labeler_in(request: HttpRequest, project: Project) -> Labeler:
    return labeling.labeler_of(project=project, user=signed_in(request))


def own(request: HttpRequest, slug: str, pk: int) -> Assignment:
    """The person's own assignment; 404 to everybody else."""
    mine = Assignment.objects.select_related("task__project", "candidate_set", "labeler")
    return get_object_or_404(
        mine, pk=pk, task__project=ranked(request, slug), labeler__user=signed_in(request)
    )


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent, fit for every database."""
    if len(request.body) > LONGEST_BODY:
        raise FeedbackError("That is too much to keep. Shorten your comment or better answer.")
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise FeedbackError("This is not JSON. Reload the page.") from error
    if not isinstance(found, dict):
        raise FeedbackError("This is not a ranking. Reload the page.")
    return dict(labeling.storable(found))


def desk_of(
    request: HttpRequest, project: Project, template: str, step: labeling.Step | None = None
) -> HttpResponse:
    """`step` None: the next one of whoever asks."""
    labeler = labeler_in(request, project)
    step = step or labeling.next_step(project=project, labeler=labeler)
    desk = Desk(project, labeler, step.assignment, step.left)
    return render(request, template, {"desk": desk})


@require_safe
@never_cache
def rank(request: HttpRequest, slug: str) -> HttpResponse:
    return desk_of(request, ranked(request, slug), "feedback/rank.html")


@require_safe
@never_cache
def next_task(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the page that changes from task to task."""
    return desk_of(request, ranked(request, slug), "feedback/rank_desk.html")


@require_POST
@refusals_as_json
def draft(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    assignment, sent = own(request, slug, pk), body_of(request)
    unfinished, revision = sent.get("draft"), sent.get("revision")
    if not isinstance(unfinished, dict) or not isinstance(revision, int):
        raise FeedbackError("This is not a draft. Reload the page.")
    kept = labeling.save_draft(assignment=assignment, draft=unfinished, revision=revision)
    return JsonResponse({"revision": kept.draft_revision})


@require_POST
@refusals_as_json
def submit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    assignment, sent = own(request, slug, pk), body_of(request)
    key = sent.pop("key", None)
    if not isinstance(key, str) or not 0 < len(key) <= 200:
        raise FeedbackError("This was sent without its key. Reload the page.")
    said = labeling.read(assignment=assignment, sent=sent)
    labeling.submit(
        assignment=assignment,
        key=key,
        ranking=said.ranking,
        said=said.said,
        edit=said.edit,
        draft=sent,
    )
    return desk_of(request, assignment.task.project, "feedback/rank_desk.html")


@require_POST
@refusals_as_json
def skip(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    assignment, reason = own(request, slug, pk), body_of(request).get("reason", "")
    if not isinstance(reason, str) or not reason.strip():
        raise FeedbackError("Say why you skip it, so that others know what is wrong with it.")
    labeling.skip(assignment=assignment, reason=reason)
    return desk_of(request, assignment.task.project, "feedback/rank_desk.html")


@require_POST
@refusals_as_json
def undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The task again, as it was when it was submitted or skipped."""
    again = labeling.undo(assignment=own(request, slug, pk), key=f"undo:{uuid4()}")
    project = again.task.project
    step = labeling.Step(again, labeling.left_for(project, again.labeler))
    return desk_of(request, project, "feedback/rank_desk.html", step)


@require_POST
@refusals_as_json
def saw_guidelines(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    project = ranked(request, slug)
    guidelines = get_object_or_404(project.guidelines, number=number)
    labeling.saw_guidelines(labeler=labeler_in(request, project), guidelines=guidelines)
    return HttpResponse(status=204)
