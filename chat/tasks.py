"""Housekeeping that runs in the worker."""

from celery import shared_task

from chat.services import conversations


@shared_task
def purge_deleted_conversations() -> int:
    return conversations.purge_deleted()
