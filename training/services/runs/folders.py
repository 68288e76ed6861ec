"""A run's folder, written from its row: the config, and the data under its own names."""

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings

from training.models import ModelVersion, TrainingData, TrainingJob
from training.run.folder import RunFolder
from training.services.datasets import DatasetError, require_unchanged
from training.services.errors import RunsError
from training.services.runs.slots import file_of, rows_in
from training.splits import SPLITS


def written(job: TrainingJob) -> RunFolder:
    """The folder; what was written by an attempt before stays. RunsError where that can't be."""
    folder = RunFolder(job.folder)
    if folder.config_file.is_file():
        return folder
    try:
        data = [_data(folder, each) for each in job.data.select_related("version__dataset")]
        folder.write_config(config_of(job, data))
    except DatasetError as error:
        raise RunsError(str(error)) from error
    except OSError as error:
        raise RunsError(f"The run's folder can't be written: {error.strerror}.") from error
    return folder


def config_of(job: TrainingJob, data: list[dict[str, Any]]) -> dict[str, Any]:
    own = {
        "method": job.method,
        "config": job.config,
        "peft": job.peft,
        "data": data,
        "processes": job.processes,
        "threads": max(1, settings.THREADS // settings.RUNS_AT_ONCE // job.processes),
    }
    return {**own, **models_of(job)}


def models_of(job: TrainingJob) -> dict[str, Any]:
    """What fills the run's slots, and where it lies now."""
    reward = job.reward_model
    found = {
        "model": model_at(job.model),
        "adapter": model_at(job.adapter),
        "reward_model": model_at(reward),
        "reward_base": str(reward.base.folder) if reward and reward.base else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def model_at(version: ModelVersion | None) -> dict[str, str] | None:
    return {"name": version.name, "path": str(version.folder)} if version else None


def _data(folder: RunFolder, given: TrainingData) -> dict[str, Any]:
    files = {}
    for split in SPLITS:
        if rows_in(given.version, split):
            name = f"data/{given.place + 1}/{split}.jsonl"
            _bring(given.version, file_of(given.version, split), folder.path / name)
            files[split] = name
    return {"name": str(given.version), "files": files, "weight": given.weight}


def _bring(version: Any, file: str, target: Path) -> None:
    require_unchanged(version, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    link_or_copy(version.folder / file, target)


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """A second name for the same bytes, or a copy where the disks differ."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
