"""The plan of a run that was started without having been looked at, made by a worker meanwhile."""

import logging

from training import methods
from training.models import TrainingJob
from training.services.errors import RunsError
from training.services.runs import preflight
from training.services.runs.asking import Asked, Input

log = logging.getLogger(__name__)


def store(*, job_id: str) -> None:
    """Nothing where the run has a plan, or its rows can't be looked at: it trains all the same."""
    known = TrainingJob.objects.select_related("model", "adapter", "reward_model")
    job = known.filter(pk=job_id).first()
    if job is None or job.plan:
        return
    try:
        plan = preflight.of(asked_of(job))
    except RunsError as error:
        log.warning("%s has no plan: %s", job, error)
        return
    TrainingJob.objects.filter(pk=job.pk).update(plan=plan)


def asked_of(job: TrainingJob) -> Asked:
    """What was asked for when it was made."""
    rows = job.data.select_related("version__dataset")
    return Asked(
        method=methods.get(job.method),
        name=job.name,
        config=job.config,
        peft=job.peft,
        model=job.model,
        adapter=job.adapter,
        reward_model=job.reward_model,
        data=tuple(Input(each.version, each.weight) for each in rows),
        priority=job.priority,
    )
