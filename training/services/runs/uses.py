"""What runs need of other things, told where those are taken away."""

from collections.abc import Sequence

from training.dataset_uses import Dependant, register
from training.models import DatasetVersion, TrainingData


@register
def runs_on(versions: Sequence[DatasetVersion]) -> list[Dependant]:
    given = TrainingData.objects.filter(version__in=versions).select_related("job", "version")
    return [Dependant(each.version, str(each.job)) for each in given]
