"""Runs beside each other, under an address that can be shared."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from training.models import TrainingJob
from training.showing import comparing
from training.views.runs_common import is_admin, visible

OFFERED = 200


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """`run` is given once for each; one that the reader may not see is left out and told."""
    wanted = list(dict.fromkeys(request.GET.getlist("run")))
    known = list(filter(None, wanted))
    jobs = _named(request, known)
    shown = jobs[: comparing.MOST]
    context = {
        "jobs": shown,
        "links": [(job, _others(shown, job)) for job in shown],
        "enough": len(shown) >= comparing.FEWEST,
        "full": len(shown) == comparing.MOST,
        "too_many": len(jobs) > comparing.MOST,
        "missing": len(known) - len(jobs),
        "offered": _offered(request, shown),
        "address": request.build_absolute_uri(),
        "is_admin": is_admin(request),
        **(_tables(request, shown) if len(shown) >= comparing.FEWEST else {}),
    }
    return render(request, "training/runs/compare.html", context)


def _named(request: HttpRequest, wanted: list[str]) -> list[TrainingJob]:
    """In the order in which they were asked for."""
    ids = [pk for pk in map(_id, wanted) if pk is not None]
    known = visible(request).with_names().select_related("adapter", "reward_model").in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _others(shown: list[TrainingJob], without: TrainingJob) -> list[str]:
    return [str(job.pk) for job in shown if job != without]


def _offered(request: HttpRequest, shown: list[TrainingJob]) -> list[TrainingJob]:
    """Newest first; those of the first one's method come before others."""
    others = visible(request).with_names().exclude(pk__in=[job.pk for job in shown])
    listed = list(others.exclude(step=0).order_by("-created_at")[:OFFERED])
    method = shown[0].method if shown else ""
    return sorted(listed, key=lambda job: job.method != method)


def _tables(request: HttpRequest, shown: list[TrainingJob]) -> dict[str, Any]:
    differ, same = comparing.settings(shown, signed_in(request))
    final, rest = comparing.final(shown)
    return {
        "differ": differ,
        "same": same,
        "outcome": [*comparing.outcome(shown), *final],
        "rest": rest,
        "is_live": any(job.is_live for job in shown),
    }
