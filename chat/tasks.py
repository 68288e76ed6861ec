"""Housekeeping that runs in the worker."""

from celery import shared_task

from chat.services import comparisons, conversations, documents


@shared_task
def purge_deleted_conversations() -> int:
    return conversations.purge_deleted() + comparisons.purge()


@shared_task
def sweep_documents() -> int:
    return documents.sweep()
