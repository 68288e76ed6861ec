"""What stages make: how each kind of row is found, shown, and, where it is long work, worked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from evaluation.models import EvaluationRun
from evaluation.services.runs import making as evaluations
from evaluation.services.runs import working as evaluating
from feedback.models import Batch, Labeler, Project
from feedback.services.batches import making as batches
from feedback.services.batches import reaping as batch_reaping
from feedback.services.batches import working as answering
from feedback.services.batches.progress import progress_of
from training.models import DatasetVersion, ModelVersion, Promotion, TrainingJob
from training.services.runs import making as runs
from training.services.runs import progress
from training.services.runs import working as training


@dataclass(frozen=True)
class Work:
    """Long work that has services of its own. `run` does one attempt here; `said` tells how far
    it is, with the share in per cent where that is known."""

    run: Callable[[Any], object]
    cancel: Callable[[Any], object]
    resume: Callable[[Any, bool], object]
    reap: Callable[[], object]
    said: Callable[[Any], tuple[str, int | None]]


@dataclass(frozen=True)
class Thing:
    """`kind` is that of lineage where it has one. `address` leads to its page."""

    what: str
    model: type[Model]
    address: Callable[[Any], str]
    related: tuple[str, ...] = ()
    work: Work | None = None

    def found(self, key: str) -> Any:
        rows: Any = self.model._default_manager
        return rows.select_related(*self.related).filter(pk=key).first()


def said_of_batch(batch: Batch) -> tuple[str, int | None]:
    done = progress_of(batch)
    share = 100 * done.made // done.prompts if done.prompts else None
    return f"{done.made:,} of {done.prompts:,} prompts answered", share


def said_of_run(job: TrainingJob) -> tuple[str, int | None]:
    now = progress.of(job)
    if not job.steps:
        return now.phase or "Getting ready", None
    return f"step {job.step:,} of {job.steps:,}", now.percent


def said_of_evaluation(run: EvaluationRun) -> tuple[str, int | None]:
    if not run.done_items:
        return run.phase or "Getting ready", None
    return f"{run.done_items:,} of {run.total_items:,} items", run.percent


BATCH = Work(
    run=lambda row: answering.run(batch_id=str(row.pk), attempt=row.attempt, alone=True),
    cancel=lambda row: batches.cancel(batch=row),
    resume=lambda row, tell: batches.resume(batch=row),
    reap=batch_reaping.reap,
    said=said_of_batch,
)
RUN = Work(
    run=lambda row: training.run(job_id=str(row.pk), attempt=row.attempt),
    cancel=lambda row: runs.cancel(job=row),
    resume=lambda row, tell: runs.resume(job=row, tell=tell),
    reap=training.reap,
    said=said_of_run,
)
EVALUATION = Work(
    run=lambda row: evaluating.run(run_id=str(row.pk), attempt=row.attempt),
    cancel=lambda row: evaluations.cancel(run=row),
    resume=lambda row, tell: evaluations.resume(run=row, tell=tell),
    reap=evaluating.reap,
    said=said_of_evaluation,
)


def own(row: Any) -> str:
    return str(row.get_absolute_url())


THINGS: Mapping[str, Thing] = {
    "model": Thing("Model", ModelVersion, own),
    "dataset": Thing("Dataset", DatasetVersion, own, ("dataset",)),
    "evaluation": Thing("Evaluation", EvaluationRun, own, ("model", "dataset"), EVALUATION),
    "run": Thing("Run", TrainingJob, own, ("model", "produced"), RUN),
    "project": Thing("Project", Project, lambda row: reverse("feedback:project", args=[row.slug])),
    "batch": Thing(
        "Batch",
        Batch,
        lambda row: reverse("feedback:batch", args=[row.project.slug, row.pk]),
        ("project",),
        BATCH,
    ),
    "labeler": Thing(
        "Rankings",
        Labeler,
        lambda row: reverse("feedback:pairs", args=[row.project.slug]),
        ("project",),
    ),
    "promotion": Thing(
        "Promotion", Promotion, lambda row: reverse("models:promotions"), ("version",)
    ),
}
