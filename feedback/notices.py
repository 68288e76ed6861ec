"""Work on projects that is told when it ends: batches, imports, versions and tasks put in order."""

from django.urls import reverse

from accounts.notifying import About
from feedback.models import Batch, Doubting, Freezing, ImportJob
from training import notices


def of_batch(batch: Batch) -> About:
    url = reverse("feedback:batch", args=[batch.project.slug, batch.pk])
    return About("Batch", batch.name, url)


def of_import(job: ImportJob) -> About:
    url = reverse("feedback:imports", args=[job.project.slug])
    return About("Import", job.file_name, url)


def of_freezing(freezing: Freezing) -> About | None:
    """Whoever asks for a report waits for it on its page."""
    if freezing.wanted == Freezing.Wanted.REPORT:
        return None
    url = reverse("feedback:freezing", args=[freezing.project.slug, freezing.pk])
    return About("Freezing", freezing.name, url)


def of_doubting(job: Doubting) -> About:
    url = reverse("feedback:settings", args=[job.project.slug])
    return About("Scoring of tasks", job.project.name, url)


def file() -> None:
    notices.register(Batch, of_batch)
    notices.register(ImportJob, of_import)
    notices.register(Freezing, of_freezing)
    notices.register(Doubting, of_doubting)
