"""What the pages of runs share: who sees a run, and how a refusal is told."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.access import ADMIN, is_in_group, signed_in
from training.models import TrainingJob, TrainingJobQuerySet
from training.services.errors import RunsError


def is_admin(request: HttpRequest) -> bool:
    return is_in_group(request.user, ADMIN)


def visible(request: HttpRequest) -> TrainingJobQuerySet:
    """One's own runs; an admin's are everyone's."""
    runs: TrainingJobQuerySet = TrainingJob.objects.of(
        signed_in(request), everyone=is_admin(request)
    )
    return runs


def seen(request: HttpRequest, pk: Any) -> TrainingJob:
    """A 404 to everybody but its owner and admins."""
    found: TrainingJob = get_object_or_404(
        visible(request)
        .with_names()
        .select_related("adapter", "reward_model", "sweep", "cloned_from"),
        pk=pk,
    )
    return found


def run_done(
    request: HttpRequest, act: Callable[[], object], said: str, *, to: str, undo: str = ""
) -> HttpResponse:
    """Do it and say so, or say why not; then on to the page `to`."""
    try:
        act()
    except RunsError as error:
        messages.error(request, str(error))
        return redirect(to)
    if said:
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
    return redirect(to)
