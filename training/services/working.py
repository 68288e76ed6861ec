"""A worker's side of adding a model: claim the row, drive the child process, end the row.

Every write is fenced by "this attempt, and mine". The finished folder is renamed into its place
inside the transaction that ends the row, as its last act.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.recording import Verb
from llmkit.adding.request import Request
from llmkit.identity import identity
from training.models import Addition, Job, JobLostError, ModelVersion
from training.models.job import SILENT_AFTER
from training.services import adding, leftovers, recorded
from training.services.child import ChildProcess, is_last
from training.services.held import reaped
from training.services.places import upload_file, work_folder
from training.services.registry import provenance

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
MOST_ATTEMPTS = 3
UPLOAD_PATIENCE = 60 * SILENT_AFTER
FACTS = ("architecture", "parameters", "dtype", "size_bytes", "licence", "window", "content_hash")


def run(*, addition_id: str, attempt: int) -> None:
    """Add the model, unless another worker has it or the attempt is an old one."""
    worker = identity()
    if not Addition.objects.claim(addition_id, attempt=attempt, worker=worker):
        return
    known = Addition.objects.select_related("version__base", "version__parent__base")
    addition = known.get(pk=addition_id)
    try:
        _work(addition)
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", addition)


def _work(addition: Addition) -> None:
    with ChildProcess("llmkit.adding", _request(addition).to_dict()) as child:
        outcome = _followed(addition, child)
    if "facts" in outcome:
        _finish(addition, outcome["facts"])
    else:
        _end(addition, outcome["state"], outcome["error"])


def _request(addition: Addition) -> Request:
    work = work_folder(addition.pk)
    work.mkdir(parents=True, exist_ok=True)
    version = addition.version
    return Request(
        source=addition.source,  # type: ignore[arg-type]
        origin=_origin(addition),
        work=str(work),
        name=version.name,
        job=str(addition.pk),
        revision=addition.revision,
        label=addition.origin if addition.uploaded or addition.source == "merge" else "",
        base=_base(version),
    )


def _origin(addition: Addition) -> str:
    """An uploaded file, the folder of an adapter that is merged, or what was asked for."""
    adapter = addition.version.parent
    if addition.source == "merge" and adapter is not None:
        return str(adapter.folder)
    return str(upload_file(addition.pk)) if addition.uploaded else addition.origin


def _base(version: ModelVersion) -> str:
    """The model that an adapter sits on: one that is added, or one that is merged."""
    adapter = version if version.is_adapter else version.parent
    return str(adapter.base.folder) if adapter is not None and adapter.base else ""


def _followed(addition: Addition, child: ChildProcess) -> dict[str, Any]:
    """The child's last event, or that it was cancelled; its progress goes to the row."""
    progress: dict[str, Any] = {}
    while True:
        event = child.next(BEAT_SECONDS)
        if event and is_last(event):
            return {"state": Job.State.FAILED, **event}
        if event:
            progress = {
                "phase": event["phase"],
                "done_bytes": event["done"],
                "total_bytes": event["total"],
            }
        if _beat(addition, **progress):
            return {"state": Job.State.CANCELLED, "error": adding.CANCELLED}


def _beat(addition: Addition, **progress: Any) -> bool:
    """Store that this worker lives, and how far it is; returns whether it should stop."""
    held = _held(addition)
    if not held.update(heartbeat_at=timezone.now(), **progress):
        raise JobLostError(str(addition.pk))
    return held.filter(cancel_requested=True).exists()


def _held(addition: Addition) -> Any:
    return Addition.objects.held(addition.pk, attempt=addition.attempt, worker=addition.worker)


def _finish(addition: Addition, facts: dict[str, Any]) -> None:
    work = work_folder(addition.pk)
    target = addition.version.folder
    try:
        with transaction.atomic():
            now = timezone.now()
            if not _held(addition).update(state=Job.State.DONE, ended_at=now, heartbeat_at=now):
                raise JobLostError(str(addition.pk))
            _ready(addition.version, facts)
            by, source = addition.started_by, addition.source
            recorded.of_model(Verb.MADE, addition.version, by=by, source=source)
            _make_way(target, addition)
            target.parent.mkdir(parents=True, exist_ok=True)
            (work / "model").rename(target)
    except OSError as error:
        _end(addition, Job.State.FAILED, f"The model can't be put into its place: {error}")
        return
    leftovers.clear(addition)


def _make_way(target: Path, addition: Addition) -> None:
    """Only what an attempt of this very work put there, dying right after, is replaced."""
    if not target.exists():
        return
    if provenance(target).get("job") != str(addition.pk):
        raise FileExistsError(f"There is a folder called {target.name} already.")
    shutil.rmtree(target)


def _ready(version: ModelVersion, facts: dict[str, Any]) -> None:
    changes = {name: facts[name] for name in FACTS}
    changes["licence"] = facts["licence"] or version.licence
    if facts.get("origin"):
        changes["origin"] = facts["origin"]
    mine = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.ADDING)
    if not mine.update(state=ModelVersion.State.READY, error="", **changes):
        raise JobLostError(str(version.pk))


def _end(addition: Addition, state: str, sentence: str) -> None:
    with transaction.atomic():
        ended = {"state": state, "error": sentence, "ended_at": timezone.now()}
        if not _held(addition).update(**ended):
            raise JobLostError(str(addition.pk))
        adding.not_added(addition.version_id, sentence)
    leftovers.clear(addition)


def reap() -> None:
    """Find what its worker, the broker or the browser has dropped, and go on with it or end it."""
    reaped(Addition, _take_over, adding.enqueue)
    _end_abandoned_uploads()


def _take_over(addition: Addition) -> None:
    if addition.cancel_requested:
        _end(addition, Job.State.CANCELLED, adding.CANCELLED)
    elif addition.attempt >= MOST_ATTEMPTS:
        sentence = f"The worker died {MOST_ATTEMPTS} times while adding it. Its log may say why."
        _end(addition, Job.State.FAILED, sentence)
    elif _held(addition).update(
        state=Job.State.WAITING,
        attempt=addition.attempt + 1,
        worker="",
        phase="Starting again",
        heartbeat_at=timezone.now(),
    ):
        addition.attempt += 1
        adding.enqueue(addition)


def _end_abandoned_uploads() -> None:
    before = timezone.now() - UPLOAD_PATIENCE
    for addition in Addition.objects.abandoned_uploads().filter(heartbeat_at__lt=before):
        adding.fail(
            addition=addition, sentence="The upload stopped. Choose the file and send it again."
        )
