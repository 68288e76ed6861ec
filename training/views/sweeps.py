"""The runs of a sweep beside each other, and their end."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from training import methods
from training.forms_run_sweep import SweepPart
from training.models import Sweep, TrainingJob
from training.services.runs import sweeping
from training.showing import measures, words
from training.views.runs_common import is_admin, run_done


def known(request: HttpRequest, pk: int) -> Sweep:
    """A 404 to everybody but its owner and admins."""
    mine = Sweep.objects.of(signed_in(request), everyone=is_admin(request))
    found: Sweep = get_object_or_404(mine, pk=pk)
    return found


@require_safe
def sweep(request: HttpRequest, pk: int) -> HttpResponse:
    shown = known(request, pk)
    method = methods.get(shown.method)
    jobs = list(shown.runs.with_names().filter(removed_at=None).order_by("created_at"))
    rows = [
        {
            "job": job,
            "values": [job.swept.get(name) for name in shown.fields],
            "state": words.state(job),
            "tone": words.tone(job),
            "measure": measure_of(job, method.main_measure),
        }
        for job in jobs
    ]
    context: dict[str, Any] = {
        "sweep": shown,
        "method": method,
        "labels": labels_of(shown),
        "rows": rows,
        "is_live": any(job.is_live for job in jobs),
    }
    page = "sweep_rows" if request.headers.get("HX-Request") else "sweep"
    return render(request, f"training/new_run/{page}.html", context)


def measure_of(job: TrainingJob, name: str) -> str:
    value = job.measures.get(name)
    return "" if value is None else measures.text(name, value)


def labels_of(shown: Sweep) -> list[str]:
    first = shown.runs.first()
    way = first.peft.get("kind") if first is not None else None
    known_labels = dict(SweepPart(methods.get(shown.method), way, None).choices)
    return [known_labels.get(name, name.capitalize()) for name in shown.fields]


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    shown = known(request, pk)
    return run_done(
        request,
        lambda: sweeping.stop(sweep=shown),
        f"The runs of {shown.name} are stopping.",
        to=shown.get_absolute_url(),
    )
