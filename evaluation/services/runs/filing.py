"""What a run found, from its folder onto the board: all of it or nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from evaluation.models import EvaluationRun
from evaluation.run.measured import Measured
from evaluation.run.running import CONTAMINATION, SCORES
from evaluation.services import scores
from evaluation.services.errors import EvaluationsError
from training.models import Job
from training.services import held


def finish(run: EvaluationRun, ended: Mapping[str, Any]) -> None:
    """File the scores and end the row."""
    folder = run.folder
    try:
        found = [Measured(**each) for each in json.loads((folder / SCORES).read_text())]
        shares = overlaps(folder)
    except (OSError, ValueError, TypeError) as error:
        raise EvaluationsError("The run's scores can't be read. Resume the run.") from error
    if not found:
        raise EvaluationsError("No measure could be had from these items. The log says why.")
    cost = dict(ended.get("cost", {}))
    facts = {**run.facts, **ended.get("facts", {})}
    with transaction.atomic():
        held.end(run, Job.State.DONE, facts=facts, **cost)
        scores.record(run=run, measured=found, contaminated=shares)


def overlaps(folder: Path) -> dict[str, float]:
    found = json.loads((folder / CONTAMINATION).read_text())
    return {task: share for task, share in found.items() if share is not None}
