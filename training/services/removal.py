"""Taking a model away: never while it is in use, named beforehand, and undone for a day."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.recording import Verb
from llmkit.adding.space import in_words
from training.models import ModelVersion
from training.services import idle, promoting, recorded, serving
from training.services.errors import ModelsError
from training.services.places import relative, trash_dir
from training.uses import Use, uses_of
from training.version_uses import Dependant, dependants_of

State = ModelVersion.State
NAMED = 3


@dataclass(frozen=True)
class Affected:
    """What goes away with a model, who would miss it, and what forbids it."""

    version: ModelVersion
    dependants: tuple[Dependant, ...]
    use: Use
    loaded: bool
    busy: int

    @property
    def question(self) -> str:
        """For the person who is about to remove it."""
        parts = [f"Remove {self.version.name} ({in_words(self.version.size_bytes)})?"]
        if self.loaded:
            parts.append("It is loaded and will be let go.")
        if count := self.use.conversations:
            those = "1 conversation is" if count == 1 else f"{count} conversations are"
            parts.append(f"{those} set to it and will need another model.")
        if self.version.name == settings.DEFAULT_MODEL:
            parts.append("It is the default model, which comes back with the next start.")
        return " ".join([*parts, "You can undo this for a day."])

    @property
    def why_not(self) -> str:
        """One sentence that names what depends on it, or nothing."""
        if not self.dependants:
            return ""
        names = [one.name for one in self.dependants]
        shown = names if len(names) <= NAMED else [*names[:NAMED], f"{len(names) - NAMED} more"]
        needed = " and ".join([part for part in (", ".join(shown[:-1]), shown[-1]) if part])
        return f"{self.version.name} is needed by {needed}, so it stays. It can be archived."


def affected(*, version: ModelVersion, engines: serving.Serving) -> Affected:
    served = engines.models.get(version.name, serving.Served())
    return Affected(
        version,
        tuple(dependants_of(version)),
        uses_of([version.name])[version.name],
        loaded=served.state in ("ready", "loading"),
        busy=served.busy,
    )


def remove(*, version: ModelVersion) -> None:
    """Move it to the trash. ModelsError while something depends on it or is done with it."""
    if version.state not in (State.READY, State.MISSING, State.FAILED):
        raise ModelsError(f"{version.name} is being added. Cancel that instead.")
    promoting.require_not_promoted(version, "removed")
    found = affected(version=version, engines=serving.serving())
    idle.require_rest(version, found.use, found.busy)
    if found.why_not:
        raise ModelsError(found.why_not)
    if found.loaded and not version.is_adapter:
        idle.let_go(version)
    _to_trash(version)


def _to_trash(version: ModelVersion) -> None:
    trash = trash_dir() / str(version.pk)
    try:
        with transaction.atomic():
            gone = ModelVersion.objects.known().filter(pk=version.pk)
            if not gone.update(state=State.DELETED, removed_at=timezone.now()):
                raise ModelsError(f"{version.name} was removed already.")
            recorded.of_model(Verb.REMOVED, version)
            trash.mkdir(parents=True, exist_ok=True)
            _move(version.folder, trash / "model")
    except OSError as error:
        raise ModelsError(f"Its folder can't be moved ({error.strerror}).") from error


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)


def restore(*, version: ModelVersion) -> None:
    """Take it out of the trash. What it sits on must be there."""
    trash = trash_dir() / str(version.pk)
    if not ModelVersion.objects.restorable().filter(pk=version.pk).exists():
        raise ModelsError(f"{version.name} can't be brought back any more.")
    if version.base is not None and version.base.state == State.DELETED:
        raise ModelsError(f"It sits on {version.base.name}, which was removed. Undo that first.")
    try:
        with transaction.atomic():
            state = State.FAILED if version.error else State.READY
            back = ModelVersion.objects.filter(pk=version.pk, state=State.DELETED)
            back.update(state=state, removed_at=None)
            recorded.of_model(Verb.RESTORED, version)
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
