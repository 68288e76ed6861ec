"""A run as scripts and people at a terminal read it."""

from typing import Any

from training.models import TrainingJob


def facts(job: TrainingJob) -> dict[str, Any]:
    """For JSON. `model_version` is the public name of what it made."""
    return {
        "id": str(job.pk),
        "name": job.name,
        "method": job.method,
        "status": job.status,
        "model": job.model.name,
        "model_version": job.produced.name if job.produced else None,
        "datasets": [str(each.version) for each in job.data.select_related("version__dataset")],
        "step": job.step,
        "steps": job.steps,
        "attempt": job.attempt,
        "measures": job.measures,
        "error": job.error,
        "folder": job.path,
    }


def in_words(job: TrainingJob) -> str:
    """One line, and the reason below it where there is one."""
    made = f", made {job.produced}" if job.produced else ""
    of = f" of {job.steps:,}" if job.steps else ""
    line = f"{job.pk}  {job.name} ({job.method}): {job.status}, step {job.step:,}{of}{made}"
    return f"{line}\n  {job.error}" if job.error else line
