"""What the worker does for this room. The rows, not these messages, are the truth."""

from celery import shared_task

from training.services import dataset_working, leftovers, working
from training.services.runs import disk, preflight_storing, removal
from training.services.runs import working as runs


@shared_task
def add_model(addition_id: str, attempt: int) -> None:
    working.run(addition_id=addition_id, attempt=attempt)


@shared_task
def look_after_models() -> None:
    """Every minute: work that was dropped, and files that nobody needs."""
    working.reap()
    leftovers.sweep()
    leftovers.empty_trash()


@shared_task
def add_dataset(addition_id: str, attempt: int) -> None:
    dataset_working.run(addition_id=addition_id, attempt=attempt)


@shared_task
def look_after_datasets() -> None:
    """Every minute: work that was dropped, and files that nobody needs."""
    dataset_working.reap()


@shared_task
def run_training(job_id: str, attempt: int) -> None:
    """The run that is first in the queue now, which need not be the one that was told of."""
    runs.run_next()


@shared_task
def plan_run(job_id: str, attempt: int) -> None:
    """In the queue of what is short, so that it does not wait for the runs before."""
    preflight_storing.store(job_id=job_id)


@shared_task
def look_after_runs() -> None:
    """Every minute: runs that were dropped, and what ended or removed ones left on the disk."""
    runs.reap()
    disk.sweep()
    removal.purge()
