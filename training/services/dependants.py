"""What hangs on a model version in this room: adapters, what was trained from it, and runs."""

from training.models import Job, ModelVersion, TrainingJob
from training.version_uses import Dependant, register


@register
def versions(version: ModelVersion) -> list[Dependant]:
    known = ModelVersion.objects.known().exclude(state=ModelVersion.State.FAILED)
    below = known.filter(base=version) | known.filter(parent=version)
    return [Dependant(one.name, one.get_absolute_url()) for one in below.distinct()]


@register
def runs(version: ModelVersion) -> list[Dependant]:
    """Runs whose product is still there. Those it made itself hang on nothing."""
    done = TrainingJob.objects.filter(state=Job.State.DONE, produced__isnull=False)
    there = done.exclude(produced__state=ModelVersion.State.DELETED)
    return [Dependant(str(job)) for job in there.with_model(version)]
