"""Rows of runs without their folders, for pages; and folders with events, for curves."""

from typing import Any

from accounts.models import User
from training.models import ModelVersion, TrainingJob
from training.run.events import Events, Report
from training.run.folder import RunFolder


def base() -> ModelVersion:
    """The model that all of them train."""
    found, _ = ModelVersion.objects.get_or_create(
        name="fox", defaults={"kind": "base", "source": "folder", "path": "models/fox"}
    )
    return found


def a_run(owner: User | None, name: str = "sums", **more: Any) -> TrainingJob:
    """Waiting, unless told otherwise."""
    usual = {"method": "sft", "peft": {"kind": "lora", "rank": 8}, "model": base()}
    return TrainingJob.objects.create(owner=owner, name=name, **usual | more)


def report_of(job: TrainingJob) -> Report:
    """What the run's process would write with."""
    return Report(Events(RunFolder(job.folder).events_file))
