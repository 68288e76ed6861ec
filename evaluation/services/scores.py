"""Numbers put on the board, all of a run's or none."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from evaluation.models import EvaluationRun, Score
from evaluation.run.measured import Measured


@transaction.atomic
def record(
    *,
    run: EvaluationRun,
    measured: Iterable[Measured],
    contaminated: Mapping[str, float] | None = None,
) -> list[Score]:
    """In place of what the run had before. `contaminated`: by task the share of its items."""
    run.scores.all().delete()
    shares = contaminated or {}
    return Score.objects.bulk_create(
        Score(run=run, place=place, contaminated=shares.get(each.task), **each.to_dict())
        for place, each in enumerate(measured)
    )
