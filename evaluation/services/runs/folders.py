"""A run's folder, written from its row: the config, and the items under its own roof."""

from pathlib import Path
from typing import Any

from django.conf import settings

from evaluation import benchmarks
from evaluation.benchmarks import BenchmarkError, Task, bringing
from evaluation.models import EvaluationRun
from evaluation.services import seen
from evaluation.services.errors import EvaluationsError
from evaluation.services.places import benchmarks_dir
from evaluation.services.runs.asking import file_of
from evaluation.services.runs.subjects import Subject, require_usable, subject_named, subject_of
from training.models import DatasetVersion
from training.run.folder import RunFolder
from training.services.datasets import DatasetError, require_unchanged
from training.services.runs.folders import link_or_copy

INPUT = "input"


def subject_of_run(run: EvaluationRun) -> Subject:
    """As it is now: its files may have moved, its server may be another one."""
    if run.model is not None:
        require_usable(run.model)
        return subject_of(run.model)
    return subject_named(run.remote)


def written(run: EvaluationRun, subject: Subject) -> RunFolder:
    """The folder; items of an attempt before stay. EvaluationsError where that can't be."""
    folder = RunFolder(run.folder)
    try:
        found = folder.read_config() if folder.config_file.is_file() else config_of(run, folder)
        folder.write_config({**found, "model": subject.for_config(), "engines": list(subject.urls)})
    except (BenchmarkError, DatasetError) as error:
        raise EvaluationsError(str(error)) from error
    except OSError as error:
        raise EvaluationsError(f"The run's folder can't be written: {error.strerror}.") from error
    return folder


def config_of(run: EvaluationRun, folder: RunFolder) -> dict[str, Any]:
    return {
        "tasks": tasks_of(run, folder),
        "threads": settings.THREADS,
        "precision": settings.ENGINE_DTYPE,
        "shots": run.shots,
        "limit": run.limit,
        "chat_template": run.chat_template and not run.dataset_id,
        "seed": run.seed,
        "settings": run.settings,
        "seen": [_bring(path, folder, name) for name, path in seen.files_of(run.model)],
        "pack": pack_of(run),
    }


def pack_of(run: EvaluationRun) -> dict[str, Any]:
    """How the pack is averaged; nothing where it is not."""
    if not run.benchmark:
        return {}
    found = benchmarks.benchmark(run.benchmark)
    average = found.averaged
    told = {"name": found.name, "version": found.version, "average": average}
    return told if average else {}


def tasks_of(run: EvaluationRun, folder: RunFolder) -> list[dict[str, Any]]:
    if run.dataset is not None:
        return [of_dataset(run, run.dataset, folder)]
    return [of_task(task, folder) for task in benchmarks.benchmark(run.benchmark).tasks]


def of_task(task: Task, folder: RunFolder) -> dict[str, Any]:
    """With what of its items lies here; the version tells brought items apart from published."""
    here = bringing.local(task, benchmarks_dir())
    data = {
        split: _bring(found.path, folder, f"{task.name}/{split}.jsonl")
        for split, found in here.items()
    }
    asked = here.get(task.split)
    version = task.version if asked is None or asked.whole else f"{task.version}+{asked.sha256[:8]}"
    return {**task.to_dict(), "data": data, "task_version": version}


def of_dataset(run: EvaluationRun, version: DatasetVersion, folder: RunFolder) -> dict[str, Any]:
    file = file_of(version, run.split)
    require_unchanged(version, file)
    spec = run.prompt.get("spec", {})
    fields = [each["name"] for each in spec.get("fields", ()) if each.get("default") is None]
    task = Task(
        name=f"dataset:{version.dataset.name}",
        title=version.dataset.name,
        about="",
        version=str(version.number),
        kind="template",
        measures=tuple(run.measures),
        splits={run.split: 0},
        prompt=spec,
        fields=dict.fromkeys(fields[:1], INPUT) or {INPUT: INPUT},
    )
    data = {run.split: _bring(version.folder / file, folder, f"dataset/{run.split}.jsonl")}
    told = f"{version.number}:{run.split}"
    return {**task.to_dict(), "data": data, "task_version": told}


def _bring(source: Path, folder: RunFolder, name: str) -> str:
    target = folder.data / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    link_or_copy(source, target)
    return str(target.relative_to(folder.path))
