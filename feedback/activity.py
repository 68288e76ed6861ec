"""Batches of prompts that one has started, as the top bar tells them."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.activity import Source, Work, register
from accounts.models import User
from feedback.models import Batch
from feedback.services.batches.progress import with_counts
from training.models import Job

MOST = 8
AT_WORK = (Job.State.WAITING, Job.State.RUNNING)


def batches(user: User) -> Iterator[Work]:
    mine = Batch.objects.filter(started_by=user, state__in=AT_WORK).select_related("project")
    for batch, counts in with_counts(mine[:MOST]):
        url = reverse("feedback:batch", args=[batch.project.slug, batch.pk])
        share = 100 * counts.made // counts.prompts if counts.prompts else None
        said = f"{counts.made:,} of {counts.prompts:,} prompts"
        yield Work(batch.name, "Batch", url, said, share)


def file() -> None:
    register(Source("feedback", "All projects", "feedback:home", batches))
