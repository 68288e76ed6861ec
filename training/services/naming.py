"""Giving a model or adapter another name: its folder, its adapters' ids, and whoever keeps it.

The name is the public id, `model` or `model:adapter`. Everything here that keeps it is changed with
it; what lies outside (clients of the engine, settings, old answers) goes on with the former name,
which the engine and the registry both know, and which nothing else may take.
"""

import json
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.recording import Verb
from llmkit.engine.former_names import FILE
from training import renames
from training.models import FormerName, Job, ModelVersion, TrainingJob
from training.run.errors import RunError
from training.run.folder import RunFolder
from training.services import idle, recorded
from training.services.errors import ModelsError
from training.services.places import NAME, adapters_dir, models_dir, relative
from training.services.runs.folders import models_of
from training.signals import models_changed

State = ModelVersion.State


def rename(*, version: ModelVersion, name: str) -> None:
    """`name` is the version's own part. ModelsError where it can't be had, or is in use now."""
    new = public(version, name.strip())
    if new == version.name:
        return
    require_free(version, new)
    idle.require(version)
    old, before = version.name, version.folder
    try:
        with transaction.atomic():
            _rename_rows(version, new)
            recorded.of_model(Verb.RENAMED, version, before=old)
            _move(before, version.folder)
            if not version.is_adapter:
                _move(adapters_dir() / old, adapters_dir() / new)
            _tell_runs(version)
    except IntegrityError as error:
        raise taken(new) from error
    except OSError as error:
        raise ModelsError(f"Its folder can't be renamed ({error.strerror}).") from error
    write_former_names()
    models_changed.send(ModelVersion)


def public(version: ModelVersion, name: str) -> str:
    if not NAME.fullmatch(name):
        raise ModelsError(
            "A model's name has letters, digits and . _ - and begins with a letter or digit."
        )
    return f"{version.base.name}:{name}" if version.is_adapter and version.base else name


def require_free(version: ModelVersion, new: str) -> None:
    """Neither another model's, nor what another one was called before."""
    if version.source == ModelVersion.Source.PACKAGE:
        raise ModelsError(
            f"{version.name} is brought by this site under its own name and would come again with "
            "the next start. Note or tag it instead."
        )
    holder = ModelVersion.objects.called(new)
    if holder is not None and holder.pk != version.pk:
        raise taken(new, holder)
    if not (version.folder.is_dir() and version.state == State.READY):
        raise ModelsError(f"{version.name} can't be renamed while its files are not there.")
    if (version.folder.parent / new.rpartition(":")[2]).exists():
        raise taken(new)


def taken(name: str, holder: ModelVersion | None = None) -> ModelsError:
    if holder is not None and holder.name != name:
        return ModelsError(f"{name} was the name of {holder.name} and still leads to it.")
    return ModelsError(f"There is a model called {name} already. Choose another name.")


def _rename_rows(version: ModelVersion, new: str) -> None:
    """The version's, and those of its adapters, whose ids begin with its name."""
    old = version.name
    folder = version.folder.parent / new.rpartition(":")[2]
    _renamed(version, new, folder)
    if version.is_adapter:
        return
    for adapter in ModelVersion.objects.known().filter(base=version, kind="adapter"):
        own = adapter.name.removeprefix(f"{old}:")
        _renamed(adapter, f"{new}:{own}", adapters_dir() / new / own)


def _renamed(version: ModelVersion, new: str, folder: Path) -> None:
    old = version.name
    FormerName.objects.filter(name=new).delete()
    FormerName.objects.update_or_create(name=old, defaults={"version": version})
    version.name, version.path = new, relative(folder)
    version.save(update_fields=["name", "path"])
    renames.tell(old, new)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)


def _tell_runs(version: ModelVersion) -> None:
    """Runs that could be gone on with read the model's folder from their own."""
    versions = [version, *ModelVersion.objects.known().filter(base=version)]
    for one in versions:
        ended = TrainingJob.objects.with_model(one).exclude(state=Job.State.DONE)
        for job in ended.select_related("model", "adapter", "reward_model__base"):
            _rewrite(job)


def _rewrite(job: TrainingJob) -> None:
    folder = RunFolder(job.folder)
    if not folder.config_file.is_file():
        return
    try:
        folder.write_config({**folder.read_config(), **models_of(job)})
    except RunError:
        return


def write_former_names() -> None:
    """For the engine, which knows no database. It reads the file anew when it changes."""
    known = FormerName.objects.exclude(version__state=State.DELETED)
    names = dict(known.values_list("name", "version__name"))
    target = models_dir().parent / FILE
    partial = target.with_name(f".{target.name}")
    partial.write_text(json.dumps(names, indent=2, sort_keys=True))
    partial.replace(target)
