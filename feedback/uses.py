"""What batches say about the models they use."""

from collections.abc import Collection

from feedback.models import Batch
from training.models import Job
from training.uses import Use


def uses(names: Collection[str]) -> dict[str, Use]:
    """By model: the batches that wait or run with it."""
    found: dict[str, Use] = dict.fromkeys(names, Use())
    at_work = Batch.objects.filter(state__in=(Job.State.WAITING, Job.State.RUNNING))
    for batch in at_work:
        for model in set(batch.models) & set(found):
            found[model] += Use(batches=1)
    return found
