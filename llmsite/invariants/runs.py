"""Runs and what they made: the folder, the model, and every byte as it was filed."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from llmkit.adding.building import content_hash
from llmkit.modelstore import PROVENANCE, file_sha256
from llmsite.invariants.invariant import Look, invariant
from training.models import DatasetVersion, Job, ModelVersion, TrainingJob
from training.run import checkpoints
from training.run.events import read_events
from training.run.folder import RunFolder
from training.services.datasets import DatasetError, require_unchanged
from training.services.registry import ADAPTER_WEIGHTS, is_hashed, provenance
from training.services.runs.registering import is_of

State = Job.State
READY = ModelVersion.State.READY


@invariant("nothing lost")
def finished_runs_have_their_folder(look: Look) -> Iterator[str]:
    """A run that is done keeps its settings, and its events end with success."""
    for job in TrainingJob.objects.known().filter(state=State.DONE):
        look.at()
        folder = RunFolder(job.folder)
        if not folder.config_file.is_file():
            yield f"run {job.name}: its settings are gone from {job.path}"
        elif last_word(folder) != "succeeded":
            yield f"run {job.name}: its events do not end with success"


def last_word(folder: RunFolder) -> str:
    """How the events end."""
    state = ""
    for _, event in read_events(folder.events_file):
        if event["kind"] == "ended":
            state = str(event.get("state", ""))
    return state


@invariant("nothing lost")
def finished_runs_have_their_model(look: Look) -> Iterator[str]:
    """What a run made is in the registry, and its folder says that it came of that run."""
    done = TrainingJob.objects.known().filter(state=State.DONE).select_related("produced")
    for job in done:
        look.at()
        made = job.produced
        if made is None:
            yield f"run {job.name}: it is done, but made no model"
        elif made.state == READY and not is_of(job, made.folder):
            yield f"run {job.name}: {made.path} is not what it made"


@invariant("nothing twice")
def one_model_of_a_run(look: Look) -> Iterator[str]:
    """What a run made is filed once, however often its process died."""
    for job in TrainingJob.objects.known().filter(state=State.DONE):
        look.at()
        made = ModelVersion.objects.known().filter(source="run", origin=str(job.pk))
        if made.count() > 1:
            yield f"run {job.name}: it is filed as {', '.join(map(str, made))}"


@invariant("nothing lost", reads_files=True)
def stopped_runs_can_go_on(look: Look) -> Iterator[str]:
    """Of a run that has not finished, the newest checkpoint is whole, by the hash of every file."""
    for job in TrainingJob.objects.known().exclude(state__in=(State.DONE, State.RUNNING)):
        for newest in checkpoints.all_of(RunFolder(job.folder).checkpoints)[:1]:
            look.at()
            if problem := checkpoints.problem_with(newest):
                yield f"run {job.name}: {newest.name}: {problem}"


@invariant("nothing lost")
def ready_models_are_there(look: Look) -> Iterator[str]:
    """A model that can be chosen has its folder."""
    for version in ModelVersion.objects.ready():
        look.at()
        if not version.folder.is_dir():
            yield f"model {version.name}: {version.path} is gone"


@invariant("as it was written", reads_files=True)
def models_are_as_they_were_filed(look: Look) -> Iterator[str]:
    """Every file of a model or adapter has the bytes whose hash was noted when it was filed."""
    for version in ModelVersion.objects.ready().exclude(content_hash=""):
        look.at()
        try:
            changed = problem_with(version)
        except OSError as error:
            changed = f"{error.filename}: {error.strerror}"
        if changed:
            yield f"model {version.name}: {changed}"


def problem_with(version: ModelVersion) -> str:
    """What of its files differs from what was noted, or nothing."""
    noted = provenance(version.folder).get("files")
    if isinstance(noted, dict) and is_hashed(noted):
        wrong = [n for n, f in noted.items() if file_sha256(version.folder / n) != f["sha256"]]
        if wrong:
            return f"{wrong[0]} has other bytes than were filed"
        found = content_hash(noted)
    elif version.kind == ModelVersion.Kind.REWARD and version.source == "run":
        found = manifest_hash(version.folder)
    else:
        found = file_sha256(version.folder / ADAPTER_WEIGHTS)
    return "" if found == version.content_hash else "its hash is not the one that was filed"


def manifest_hash(folder: Path) -> str:
    """As its run noted it: over the manifest of all files, which does not lie with them."""
    files = [path for path in checkpoints.files_in(folder) if path.name != PROVENANCE]
    named = {str(path.relative_to(folder)): file_sha256(path) for path in files}
    return hashlib.sha256(json.dumps(named, indent=1, sort_keys=True).encode()).hexdigest()


@invariant("as it was written", reads_files=True)
def frozen_data_is_as_it_was_frozen(look: Look) -> Iterator[str]:
    """Every file of a dataset's version has the bytes whose hash is in its row."""
    for version in DatasetVersion.objects.select_related("dataset"):
        for file in version.files:
            look.at()
            try:
                require_unchanged(version, file)
            except DatasetError as error:
                yield str(error)
