"""What a run made, put into its place and into the registry, both or neither."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from accounts.recording import Verb
from llmkit import tuning
from llmkit.modelstore import PROVENANCE
from training import methods
from training.models import Job, ModelVersion, TrainingJob
from training.run import checkpoints
from training.run.folder import RunFolder
from training.services import held, recorded
from training.services.errors import RunsError
from training.services.places import adapters_dir, models_dir, relative, rewards_dir
from training.services.registry import adapter_fields, model_fields, provenance
from training.services.runs import disk
from training.services.runs.folders import link_or_copy

TRIES = 5
Kind = ModelVersion.Kind


class TakenError(Exception):
    """The name belongs to something else."""


def finish(job: TrainingJob, measures: Mapping[str, Any]) -> None:
    """File the artifact under the run's name, or under the next free one, and end the row."""
    problem = checkpoints.problem_with(RunFolder(job.folder).artifact)
    if problem:
        raise RunsError(f"What the run made can't be used: {problem}. Resume the run.")
    for number in range(1, TRIES + 1):
        name = job.name if number == 1 else f"{job.name}-{job.attempt}-{number}"
        try:
            _file(job, name, measures)
        except (TakenError, IntegrityError, FileExistsError):
            continue
        except OSError as error:
            raise RunsError(
                f"What the run made can't be put into its place ({error.strerror}). "
                "Make room for it, then resume the run."
            ) from error
        disk.tidy(job)
        return
    raise RunsError(f"There are models called {job.name} already. Remove one, then resume the run.")


@transaction.atomic
def _file(job: TrainingJob, name: str, measures: Mapping[str, Any]) -> None:
    """Fenced first; the folder gets its place as the last act but the commit."""
    held.end(job, Job.State.DONE, measures={**job.measures, **measures})
    public, target = place_of(job, name)
    mine = ModelVersion.objects.called(public)
    if mine is not None and not (mine.name == public and is_of(job, mine.folder)):
        raise TakenError(public)
    fields = {**fields_of(job), "path": relative(target), "source": "run"}
    version = mine or ModelVersion(name=public)
    for field, value in {**fields, "origin": str(job.pk), "added_by": job.owner}.items():
        setattr(version, field, value)
    version.save()
    recorded.of_model(Verb.MADE, version, by=job.owner, run=job.name)
    held_row = TrainingJob.objects.filter(pk=job.pk, attempt=job.attempt)
    held_row.update(produced=version)
    job.produced = version
    put(job, target)


def kind_of(job: TrainingJob) -> str:
    if not tuning.get(job.peft["kind"]).makes_adapter and job.adapter is None:
        return Kind.BASE
    return methods.get(job.method).produces


def place_of(job: TrainingJob, name: str) -> tuple[str, Path]:
    """The public id and the folder. Reward models lie where no engine looks for adapters."""
    match kind_of(job):
        case Kind.REWARD:
            return name, rewards_dir() / name
        case Kind.ADAPTER:
            return f"{job.model.name}:{name}", adapters_dir() / job.model.name / name
    return name, models_dir() / name


def fields_of(job: TrainingJob) -> dict[str, Any]:
    kind, folder = kind_of(job), RunFolder(job.folder).artifact
    lineage = {"parent": job.adapter or job.model, "licence": job.model.licence}
    if kind == Kind.BASE:
        return {**model_fields(folder), **lineage, "kind": kind}
    found = {**adapter_fields(folder), **lineage, "kind": kind, "base": job.model}
    if kind == Kind.REWARD:
        found["content_hash"] = manifest_hash(folder)
    return found


def manifest_hash(artifact: Path) -> str:
    """One hash over the names and hashes of all its files."""
    return hashlib.sha256((artifact / checkpoints.MANIFEST).read_bytes()).hexdigest()


def is_of(job: TrainingJob, folder: Path) -> bool:
    return provenance(folder).get("job") == str(job.pk)


def put(job: TrainingJob, target: Path) -> None:
    """The artifact's files under a second name, all at once. What an attempt of this very run put
    there, dying right after, is replaced."""
    building = target.parent / f".run-{job.pk}"
    shutil.rmtree(building, ignore_errors=True)
    if target.exists():
        if not is_of(job, target):
            raise FileExistsError(target)
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    leave_out = shutil.ignore_patterns(checkpoints.MANIFEST)
    artifact = RunFolder(job.folder).artifact
    shutil.copytree(artifact, building, copy_function=link_or_copy, ignore=leave_out)
    (building / PROVENANCE).write_text(json.dumps({"source": "run", "job": str(job.pk)}))
    building.rename(target)
