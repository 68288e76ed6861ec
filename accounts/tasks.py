"""What the worker does for people. The rows, not these messages, are the truth."""

from celery import shared_task

from accounts import mailing


@shared_task
def send_mails() -> int:
    """When something is told, and every minute for what could not be sent before."""
    return mailing.send_waiting()
