"""Adding a model: asked for here, done by a worker, and nothing is half-added in between."""

import logging
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from llmkit import merging
from llmkit.adding.space import in_words
from training.models import Addition, FormerName, Job, ModelVersion
from training.services import leftovers
from training.services.errors import ModelsError
from training.services.places import NAME, adapters_dir, models_dir, relative, upload_file

log = logging.getLogger(__name__)
CANCELLED = "Cancelled. Nothing was added."
State, Kind = ModelVersion.State, ModelVersion.Kind


@transaction.atomic
def begin(
    *,
    source: str,
    origin: str,
    by: User,
    name: str = "",
    revision: str = "",
    base: ModelVersion | None = None,
) -> Addition:
    """Have a worker add a model from the hub, a folder or a GGUF file on the server, or an
    adapter that sits on `base`."""
    origin = origin.strip()
    if source != "hub":
        _require_outside(origin)
    own = name or name_for(origin)
    version = _reserved(own, source=source, origin=origin, by=by, base=base)
    addition = Addition.objects.create(
        version=version, source=source, origin=origin, revision=revision, started_by=by
    )
    transaction.on_commit(lambda: enqueue(addition))
    return addition


@transaction.atomic
def begin_upload(*, file_name: str, size: int, by: User, name: str = "") -> Addition:
    """Make ready for a GGUF file of `size` bytes that a browser will send piece by piece; one
    that broke off is gone on with."""
    if not file_name.lower().endswith(".gguf"):
        raise ModelsError("Choose a file that ends in .gguf.")
    if not 0 < size <= settings.MODEL_UPLOAD_LIMIT:
        raise ModelsError(
            f"The file has {in_words(size)}; at most {in_words(settings.MODEL_UPLOAD_LIMIT)} may "
            "be uploaded. Put it on the server and ask an admin to add it from there."
        )
    begun = Addition.objects.filter(
        state=Job.State.RECEIVING, started_by=by, origin=file_name, total_bytes=size
    ).first()
    if begun is not None:
        return begun
    leftovers.require_space(size)
    version = _reserved(name or name_for(file_name), source="gguf", origin=file_name, by=by)
    return Addition.objects.create(
        version=version,
        source="gguf",
        origin=file_name[:1000],
        uploaded=True,
        state=Job.State.RECEIVING,
        total_bytes=size,
        phase="Uploading",
        started_by=by,
    )


def name_for(origin: str) -> str:
    """The last part of a hub id or path, without .gguf and what no name may hold."""
    last = Path(origin.rstrip("/")).name
    last = last[:-5] if last.lower().endswith(".gguf") else last
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in last)
    return kept.lstrip("._-")[:96]


@transaction.atomic
def begin_merge(*, adapter: ModelVersion, by: User, name: str = "") -> Addition:
    """Have a worker put an adapter into its model's weights, as a model of its own."""
    base = adapter.base
    if not adapter.is_adapter or base is None:
        raise ModelsError(f"{adapter.name} is no adapter, so there is nothing to merge.")
    if reason := merging.why_not(adapter.architecture):
        raise ModelsError(reason)
    if not adapter.state == base.state == State.READY:
        raise ModelsError(f"{adapter.name} and its model must both be ready.")
    own = name or f"{base.name}-{adapter.short_name}"[:96]
    lineage: dict[str, Any] = {"kind": Kind.MERGED, "parent": adapter, "licence": base.licence}
    version = _reserved(own, source="merge", origin=adapter.name, by=by, **lineage)
    addition = Addition.objects.create(
        version=version, source="merge", origin=adapter.name, started_by=by
    )
    transaction.on_commit(lambda: enqueue(addition))
    return addition


def _reserved(
    own: str,
    *,
    source: str,
    origin: str,
    by: User,
    base: ModelVersion | None = None,
    **fields: Any,
) -> ModelVersion:
    """A row that keeps the name. One that failed to be added gives its name up."""
    if not NAME.fullmatch(own):
        raise ModelsError(
            "A model's name has letters, digits and . _ - and begins with a letter or digit."
        )
    name, folder = own, models_dir() / own
    if base is not None:
        name, folder = f"{base.name}:{own}", adapters_dir() / base.name / own
        fields |= {"kind": Kind.ADAPTER, "base": base, "parent": base, "licence": base.licence}
    before = FormerName.objects.filter(name=name).exclude(version__state=State.DELETED).first()
    if before is not None:
        raise ModelsError(f"{name} was the name of {before.version} and still leads to it.")
    failed = ModelVersion.objects.filter(name=name, state=State.FAILED)
    if not folder.exists():
        failed.update(state=State.DELETED, removed_at=timezone.now())
    try:
        with transaction.atomic():
            return ModelVersion.objects.create(
                name=name,
                source=source,
                origin=origin[:1000],
                path=relative(folder),
                state=State.ADDING,
                added_by=by,
                **fields,
            )
    except IntegrityError as error:
        raise ModelsError(
            f"There is a model called {name} already. Choose another name, or remove it first."
        ) from error


def _require_outside(origin: str) -> None:
    """The app's own folders are not a source: they hold keys, and the models themselves."""
    path = Path(origin)
    if not path.is_absolute():
        raise ModelsError("Give the whole path on the server, beginning with /.")
    if not path.exists():
        raise ModelsError(f"There is nothing at {origin} on the server.")
    inside = models_dir().parent.resolve()
    if inside in (path.resolve(), *path.resolve().parents):
        raise ModelsError("This lies in the app's own data folder. Give a path outside of it.")


def enqueue(addition: Addition) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        current_app.send_task("training.tasks.add_model", args=[str(addition.pk), addition.attempt])
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


def receive(*, addition: Addition, at: int, data: bytes) -> int:
    """Append a piece of an upload; returns how many bytes have arrived. A piece that came twice
    or too early changes nothing."""
    end = at + len(data)
    if addition.state != Job.State.RECEIVING:
        raise ModelsError("This upload has ended. Choose the file again.")
    if end > addition.total_bytes:
        raise ModelsError("The file is longer than it was said to be. Choose it again.")
    if not data or at != addition.done_bytes:
        return addition.done_bytes
    # Written before it is counted: a piece lost in between is sent and written once more.
    _append(addition, at, data)
    mine = Addition.objects.filter(pk=addition.pk, state=Job.State.RECEIVING, done_bytes=at)
    if mine.update(done_bytes=end, heartbeat_at=timezone.now()) and end == addition.total_bytes:
        _received(addition)
    return end


def _append(addition: Addition, at: int, data: bytes) -> None:
    path = upload_file(addition.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(at)
            file.write(data)
    except OSError as error:
        fail(addition=addition, sentence="The disk became full. Free some space, then try again.")
        raise ModelsError("The disk became full. Free some space, then try again.") from error


def _received(addition: Addition) -> None:
    waiting = Addition.objects.filter(pk=addition.pk, state=Job.State.RECEIVING)
    if waiting.update(state=Job.State.WAITING, phase="", done_bytes=0, total_bytes=0):
        enqueue(addition)


@transaction.atomic
def cancel(*, addition: Addition) -> None:
    """End it within seconds: at once where no worker has it, else its worker is told."""
    idle = Addition.objects.filter(
        pk=addition.pk, state__in=(Job.State.RECEIVING, Job.State.WAITING)
    )
    if idle.update(state=Job.State.CANCELLED, ended_at=timezone.now(), error=CANCELLED):
        not_added(addition.version_id, CANCELLED)
        transaction.on_commit(leftovers.sweep)
        return
    Addition.objects.filter(pk=addition.pk, state=Job.State.RUNNING).update(cancel_requested=True)


@transaction.atomic
def fail(*, addition: Addition, sentence: str) -> None:
    ended = Addition.objects.live().filter(pk=addition.pk)
    if ended.update(state=Job.State.FAILED, ended_at=timezone.now(), error=sentence):
        not_added(addition.version_id, sentence)
        transaction.on_commit(leftovers.sweep)


def not_added(version_id: int, sentence: str) -> None:
    adding = ModelVersion.objects.filter(pk=version_id, state=State.ADDING)
    adding.update(state=State.FAILED, error=sentence)


@transaction.atomic
def retry(*, version: ModelVersion, by: User) -> Addition:
    """Once more what failed or was cancelled."""
    last = Addition.objects.latest_of(version)
    if last is None or not last.can_retry or version.state != State.FAILED:
        raise ModelsError("This can't be tried again. Add the model anew.")
    if last.source == ModelVersion.Source.MERGE:
        if version.parent is None:
            raise ModelsError("The adapter is gone. Merge another one.")
        return begin_merge(adapter=version.parent, name=version.name, by=by)
    fields = {"source": last.source, "origin": last.origin, "revision": last.revision}
    return begin(**fields, name=version.short_name, base=version.base, by=by)


def dismiss(*, version: ModelVersion) -> None:
    """Take the note about a model that was not added off the page."""
    failed = ModelVersion.objects.filter(pk=version.pk, state__in=(State.FAILED, State.MISSING))
    failed.update(state=State.DELETED, removed_at=timezone.now())
