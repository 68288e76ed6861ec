"""What the pages of evaluations share: who sees a run, who changes it, how refusals are told."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.access import ADMIN, is_in_group, signed_in
from evaluation.benchmarks import BenchmarkError
from evaluation.models import EvaluationRun, EvaluationRunQuerySet
from evaluation.services.errors import EvaluationsError


def is_admin(request: HttpRequest) -> bool:
    return is_in_group(request.user, ADMIN)


def visible(request: HttpRequest) -> EvaluationRunQuerySet:
    """One's own, what is shared once it is done, and for admins everyone's."""
    found: EvaluationRunQuerySet = EvaluationRun.objects.seen_by(signed_in(request)).with_names()
    return found


def seen(request: HttpRequest, pk: Any) -> EvaluationRun:
    found: EvaluationRun = get_object_or_404(visible(request), pk=pk)
    return found


def may_change(request: HttpRequest, run: EvaluationRun) -> bool:
    return is_admin(request) or run.owner_id == request.user.pk


def changeable(request: HttpRequest, pk: Any) -> EvaluationRun:
    """A 404 to everybody but its owner and admins."""
    run = seen(request, pk)
    if not may_change(request, run):
        raise Http404
    return run


def done(request: HttpRequest, act: Callable[[], object], said: str, *, to: str) -> HttpResponse:
    """Do it and say so, or say why not; then on to the page `to`."""
    try:
        act()
    except (EvaluationsError, BenchmarkError) as error:
        messages.error(request, str(error))
        return redirect(to)
    if said:
        messages.success(request, said)
    return redirect(to)
