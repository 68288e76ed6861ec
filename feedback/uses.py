"""What batches say about the models they use."""

from collections.abc import Collection

from feedback.models import Batch, Doubting
from training.models import Job, ModelVersion
from training.uses import Use
from training.version_uses import Dependant


def uses(names: Collection[str]) -> dict[str, Use]:
    """By model: the batches that wait or run with it."""
    found: dict[str, Use] = dict.fromkeys(names, Use())
    at_work = Batch.objects.filter(state__in=(Job.State.WAITING, Job.State.RUNNING))
    for batch in at_work:
        for model in set(batch.models) & set(found):
            found[model] += Use(batches=1)
    return found


def renamed(old: str, new: str) -> None:
    """Drafts name their models; a batch that is at work keeps them from being renamed."""
    for batch in Batch.objects.filter(state=Job.State.RECEIVING):
        if old in batch.models:
            batch.columns = [
                {**column, "model": new if column["model"] == old else column["model"]}
                for column in batch.columns
            ]
            batch.save(update_fields=["columns"])


def judging(version: ModelVersion) -> list[Dependant]:
    """Projects whose tasks it is looking at now."""
    live = Doubting.objects.live().filter(judge=version).select_related("project")
    return [Dependant(f"the project {job.project}") for job in live]
