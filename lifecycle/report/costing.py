"""What each stage cost, in time and tokens."""

from typing import Any

from django.db.models import Sum

from evaluation.models import EvaluationRun
from feedback.models import Batch, BatchAnswer
from lifecycle.models import Made, Rehearsal
from training.models import TrainingJob


def of_stages(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Seconds are of the clock, from a stage's begin to its end, pauses between them included."""
    return [
        {
            "stage": stage.name,
            "seconds": (stage.ended_at - stage.started_at).total_seconds(),
            "tokens": sum(tokens_of(made) for made in stage.made.all()),
        }
        for stage in rehearsal.stages.prefetch_related("made")
        if stage.ended_at is not None
    ]


def tokens_of(made: Made) -> int:
    """Read and written, as far as that is counted."""
    row = made.thing
    if isinstance(row, EvaluationRun):
        return row.prompt_tokens + row.completion_tokens
    if isinstance(row, Batch):
        answers = BatchAnswer.objects.filter(prompt__batch=row)
        return answers.aggregate(sum=Sum("tokens"))["sum"] or 0
    return row.tokens if isinstance(row, TrainingJob) else 0
