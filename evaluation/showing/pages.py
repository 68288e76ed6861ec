"""What a run's page shows."""

import hashlib
from dataclasses import dataclass

from evaluation.models import EvaluationRun, Score
from evaluation.run import samples
from evaluation.showing.words import task_title
from training.run.events import read_events

MOST_WARNINGS = 20


@dataclass(frozen=True)
class Group:
    """A task with its scores; `has_samples`: its items can be looked at."""

    task: str
    title: str
    scores: list[Score]
    has_samples: bool


def mark(run: EvaluationRun) -> str:
    """Equal as long as the run's page looks the same."""
    told = (run.state, run.attempt, run.events_read, run.cancel_requested, run.name)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def grouped(run: EvaluationRun) -> list[Group]:
    """Scores by task, in the order in which they were filed."""
    found: dict[str, list[Score]] = {}
    for score in run.scores.all():
        found.setdefault(score.task, []).append(score)
    return [
        Group(task, task_title(task), scores, bool(samples.index_of(run.folder, task).starts))
        for task, scores in found.items()
    ]


def warnings(run: EvaluationRun) -> list[str]:
    """Each sentence once."""
    if not run.warnings:
        return []
    events = read_events(run.folder / "events.jsonl")
    told = [str(event["text"]) for _, event in events if event["kind"] == "warning"]
    return list(dict.fromkeys(told))[:MOST_WARNINGS]
