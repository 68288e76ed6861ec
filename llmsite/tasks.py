"""What the worker does for the whole site."""

from celery import shared_task

from llmsite import retention


@shared_task
def clean_up() -> None:
    """Once a day."""
    retention.clean_up()
