"""Taking a model away: never while it is in use, named beforehand, and undone for a day."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from llmkit.adding.space import in_words
from training.models import ModelVersion, TrainingJob
from training.services import serving
from training.services.errors import ModelsError
from training.services.places import adapters_dir, relative, trash_dir
from training.uses import Use, uses_of

State = ModelVersion.State


@dataclass(frozen=True)
class Affected:
    """What goes away with a model, and who would miss it."""

    version: ModelVersion
    adapters: tuple[ModelVersion, ...]
    use: Use
    loaded: bool
    busy: int

    @property
    def question(self) -> str:
        """For the person who is about to remove it."""
        parts = [f"Remove {self.version.name} ({in_words(self.version.size_bytes)})?"]
        if self.loaded:
            parts.append("It is loaded and will be let go.")
        if self.adapters:
            names = ", ".join(adapter.short_name for adapter in self.adapters)
            parts.append(f"Its adapters go with it: {names}.")
        if count := self.use.conversations:
            those = "1 conversation is" if count == 1 else f"{count} conversations are"
            parts.append(f"{those} set to it and will need another model.")
        if self.version.name == settings.DEFAULT_MODEL:
            parts.append("It is the default model, which comes back with the next start.")
        return " ".join([*parts, "You can undo this for a day."])


def affected(*, version: ModelVersion, engines: serving.Serving) -> Affected:
    adapters = tuple(ModelVersion.objects.known().filter(base=version, kind="adapter"))
    names = [version.name, *(adapter.name for adapter in adapters)]
    uses = uses_of(names)
    found = [engines.models[name] for name in names if name in engines.models]
    return Affected(
        version,
        adapters,
        sum(uses.values(), Use()),
        loaded=any(served.state in ("ready", "loading") for served in found),
        busy=max([served.busy for served in found], default=0),
    )


def remove(*, version: ModelVersion) -> None:
    """Move it and its adapters to the trash. ModelsError while answers are written with it."""
    if version.state not in (State.READY, State.MISSING, State.FAILED):
        raise ModelsError(f"{version.name} is being added. Cancel that instead.")
    found = affected(version=version, engines=serving.serving())
    if found.use.answers or found.busy:
        raise ModelsError(
            f"{version.name} is writing answers now. Wait until they have ended, or stop them."
        )
    if found.use.batches:
        raise ModelsError(
            f"A batch has prompts for {version.name}. Wait until it ends, or stop it."
        )
    run = TrainingJob.objects.live().with_model(version).first()
    if run is not None:
        raise ModelsError(
            f"The run {run.name} uses {version.name}. Wait until it ends, or cancel it."
        )
    if found.loaded and not version.is_adapter:
        _let_go(version)
    _to_trash(version)


def _let_go(version: ModelVersion) -> None:
    """An engine that can't be asked loses the folder all the same; one that refuses counts."""
    try:
        serving.unload(version=version)
    except ModelsError as error:
        if getattr(error.__cause__, "code", "") == "in_use":
            raise


def _to_trash(version: ModelVersion) -> None:
    trash = trash_dir() / str(version.pk)
    try:
        with transaction.atomic():
            gone = ModelVersion.objects.known().filter(pk=version.pk)
            if not gone.update(state=State.DELETED, removed_at=timezone.now()):
                raise ModelsError(f"{version.name} was removed already.")
            with_it = ModelVersion.objects.known().filter(base=version, kind="adapter")
            with_it.update(state=State.DELETED, removed_at=timezone.now())
            trash.mkdir(parents=True, exist_ok=True)
            _move(version.folder, trash / "model")
            if not version.is_adapter:
                _move(adapters_dir() / version.name, trash / "adapters")
    except OSError as error:
        raise ModelsError(f"Its folder can't be moved ({error.strerror}).") from error


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)


def restore(*, version: ModelVersion) -> None:
    """Take it out of the trash, with the adapters that went with it."""
    trash = trash_dir() / str(version.pk)
    if not ModelVersion.objects.restorable().filter(pk=version.pk).exists():
        raise ModelsError(f"{version.name} can't be brought back any more.")
    try:
        with transaction.atomic():
            state = State.FAILED if version.error else State.READY
            back = ModelVersion.objects.filter(pk=version.pk, state=State.DELETED)
            back.update(state=state, removed_at=None)
            with_it = ModelVersion.objects.restorable().filter(base=version)
            with_it.filter(removed_at__gte=version.removed_at).update(
                state=State.READY, removed_at=None
            )
            _put_back(version, trash)
    except IntegrityError as error:
        raise ModelsError(f"There is another model called {version.name} now.") from error
    except OSError as error:
        raise ModelsError(f"Its folder can't be moved back ({error.strerror}).") from error
    with suppress(OSError):
        trash.rmdir()


def _put_back(version: ModelVersion, trash: Path) -> None:
    if version.folder.exists():
        raise ModelsError(f"There is a folder called {relative(version.folder)} again.")
    if not (trash / "model").exists():
        raise ModelsError(f"{version.name} is not in the trash any more.")
    version.folder.parent.mkdir(parents=True, exist_ok=True)
    _move(trash / "model", version.folder)
    if not version.is_adapter:
        adapters_dir().mkdir(exist_ok=True)
        _move(trash / "adapters", adapters_dir() / version.name)
