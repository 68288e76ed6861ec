"""What evaluations need of other things, told where those are taken away."""

from collections.abc import Sequence

from evaluation.models import EvaluationRun
from training import dataset_uses, version_uses
from training.models import DatasetVersion, ModelVersion


@dataset_uses.register
def evaluations_on(versions: Sequence[DatasetVersion]) -> list[dataset_uses.Dependant]:
    runs = EvaluationRun.objects.filter(dataset__in=versions).select_related("dataset")
    return [dataset_uses.Dependant(run.dataset, str(run)) for run in runs if run.dataset]


@version_uses.register
def evaluations_of(version: ModelVersion) -> list[version_uses.Dependant]:
    """Scores on the board, and evaluations that are at work."""
    runs = EvaluationRun.objects.with_model(version)
    return [version_uses.Dependant(f"the {run}") for run in runs]
