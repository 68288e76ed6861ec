"""What a new run's form begins with: a recipe, a run that is done again, or what a link named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest

from accounts.access import signed_in
from training.methods import Method
from training.models import TrainingJob
from training.services import recipes
from training.views.runs_common import visible


@dataclass(frozen=True)
class Start:
    """`words` say where the values come from."""

    values: Mapping[str, Any]
    words: str = ""
    job: TrainingJob | None = None


def start_of(request: HttpRequest, method: Method) -> Start | None:
    """From the address; 404 for a recipe or run that the person may not see."""
    if request.GET.get("from"):
        return of_job(cloned(request, method))
    if request.GET.get("recipe"):
        found = recipes.find(signed_in(request), request.GET["recipe"])
        if found is None or found.method != method.name:
            raise Http404
        return Start(found.values, f"the recipe {found.name}")
    named = {
        name: request.GET[name] for name in ("model", "adapter", "dataset") if name in request.GET
    }
    return Start(named) if named else None


def cloned(request: HttpRequest, method: Method) -> TrainingJob:
    try:
        pk = UUID(request.GET["from"])
    except ValueError as error:
        raise Http404 from error
    known = visible(request).select_related("model", "adapter", "reward_model")
    job: TrainingJob | None = known.filter(pk=pk, method=method.name).first()
    if job is None:
        raise Http404
    return job


def of_job(job: TrainingJob) -> Start:
    slots = {"model": job.model, "adapter": job.adapter, "reward_model": job.reward_model}
    given = {name: version.name for name, version in slots.items() if version is not None}
    rows = [
        {"name": each.version.dataset.name, "version": each.version.number, "weight": each.weight}
        for each in job.data.select_related("version__dataset")
    ]
    values = {**job.config, "peft": job.peft, **given, "dataset": rows, "name": job.name}
    return Start(values, f"the run {job.name}", job)
