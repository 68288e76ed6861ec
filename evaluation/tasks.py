"""What the worker does for this room. The rows, not these messages, are the truth."""

from celery import shared_task

from evaluation.services.runs import working


@shared_task
def run_evaluation(run_id: str, attempt: int) -> None:
    working.run(run_id=run_id, attempt=attempt)


@shared_task
def look_after_evaluations() -> None:
    """Every minute: evaluations that were dropped."""
    working.reap()
