"""What the worker does for this room. The rows, not these messages, are the truth."""

from celery import shared_task

from feedback.services import doubting_jobs, labeling
from feedback.services.batches import making, reaping, working
from feedback.services.freezing import working as freezing
from feedback.services.imports import working as importing
from feedback.services.red_team import filling


@shared_task
def generate_answers(batch_id: str, attempt: int) -> None:
    working.run(batch_id=batch_id, attempt=attempt)


@shared_task
def look_after_batches() -> None:
    """Every minute: work that was dropped, and drafts that nobody starts."""
    reaping.reap()
    making.forget_old_drafts()


@shared_task
def look_after_claims() -> None:
    """Every minute: tasks that somebody took and left."""
    labeling.release_all_expired()


@shared_task
def run_import(job_id: str, attempt: int) -> None:
    importing.run(job_id=job_id, attempt=attempt)


@shared_task
def look_after_imports() -> None:
    """Every minute: imports and uploads that were dropped."""
    importing.reap()


@shared_task
def freeze_rankings(freezing_id: str, attempt: int) -> None:
    freezing.run(freezing_id=freezing_id, attempt=attempt)


@shared_task
def look_after_freezings() -> None:
    """Every minute: reports and versions whose worker or message was lost."""
    freezing.reap()


@shared_task
def fill_attempt(filling_id: str, attempt: int) -> None:
    filling.run(filling_id=filling_id, attempt=attempt)


@shared_task
def look_after_attempts() -> None:
    """Every minute: ranking tasks of attempts whose worker or message was lost."""
    filling.reap()


@shared_task
def doubt_tasks(job_id: str, attempt: int) -> None:
    doubting_jobs.run(job_id=job_id, attempt=attempt)


@shared_task
def look_after_doubtings() -> None:
    """Every minute: reward models at work whose worker or message was lost."""
    doubting_jobs.reap()
