"""A worker's side of adding a dataset: claim the row, drive the child process, end the step.

Every write is fenced by "this attempt, and mine". The finished folder is renamed into its place
inside the transaction that ends the row.
"""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from llmkit.identity import identity
from llmkit.modelstore import flush_folder
from training.models import Dataset, DatasetAddition, Job, JobLostError
from training.models.job import SILENT_AFTER
from training.preparing.request import BUILT, Hub, Request, choices_of
from training.services import dataset_adding, dataset_places, datasets
from training.services.child import ChildProcess, is_last
from training.services.datasets import DatasetError
from training.services.held import reaped
from training.tables import Limits, Options

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
MOST_DEATHS = 3
UPLOAD_PATIENCE = 60 * SILENT_AFTER
CHOICE_PATIENCE = 7 * 24 * 60 * SILENT_AFTER
State, Step = Job.State, DatasetAddition.Step


def run(*, addition_id: str, attempt: int) -> None:
    """Do the row's next step, unless another worker has it or the attempt is an old one."""
    worker = identity()
    if not DatasetAddition.objects.claim(addition_id, attempt=attempt, worker=worker):
        return
    addition = DatasetAddition.objects.get(pk=addition_id)
    try:
        _work(addition)
    except JobLostError:
        log.warning("%s was taken over or ended elsewhere", addition)


def _work(addition: DatasetAddition) -> None:
    work = dataset_places.work_folder(addition.pk)
    work.mkdir(parents=True, exist_ok=True)
    with ChildProcess("training.preparing", _request(addition).to_dict()) as child:
        outcome = _followed(addition, child)
    if "facts" not in outcome:
        _end(addition, outcome["state"], outcome["error"])
    elif addition.step == Step.LOOK:
        _looked(addition, outcome["facts"])
    else:
        _built(addition, outcome["facts"])


def _request(addition: DatasetAddition) -> Request:
    choices = addition.choices
    building = addition.step == Step.BUILD
    hub = Hub(addition.origin, addition.config, addition.split, addition.revision)
    return Request(
        work=str(dataset_places.work_folder(addition.pk)),
        name=addition.origin,
        hub=hub if addition.source == "hub" else None,
        options=Options(choices.get("header"), choices.get("quotes")),
        choices=choices_of(choices) if building else None,
        limits=Limits(unpacked=settings.DATASET_UPLOAD_LIMIT),
        seconds=settings.DATASET_READ_SECONDS,
        memory=settings.DATASET_READ_MEMORY_MB * 1024 * 1024,
    )


def _followed(addition: DatasetAddition, child: ChildProcess) -> dict[str, Any]:
    """The child's last event, or that it was cancelled; its progress goes to the row."""
    progress: dict[str, Any] = {}
    while True:
        event = child.next(BEAT_SECONDS)
        if event and is_last(event):
            return {"state": State.FAILED, **event}
        if event:
            progress = {
                "phase": event["phase"],
                "done_bytes": event["done"],
                "total_bytes": event["total"],
            }
        if _beat(addition, **progress):
            return {"state": State.CANCELLED, "error": dataset_adding.CANCELLED}


def _beat(addition: DatasetAddition, **progress: Any) -> bool:
    """Store that this worker lives, and how far it is; returns whether it should stop."""
    held = _held(addition)
    if not held.update(heartbeat_at=timezone.now(), **progress):
        raise JobLostError(str(addition.pk))
    return held.filter(cancel_requested=True).exists()


def _held(addition: DatasetAddition) -> Any:
    return DatasetAddition.objects.held(
        addition.pk, attempt=addition.attempt, worker=addition.worker
    )


def _looked(addition: DatasetAddition, facts: dict[str, Any]) -> None:
    _done(addition, found=facts)


def _done(addition: DatasetAddition, **changes: Any) -> None:
    now = timezone.now()
    ended = {"state": State.DONE, "ended_at": now, "heartbeat_at": now, "worker": ""}
    if not _held(addition).update(**ended, **changes):
        raise JobLostError(str(addition.pk))


def _built(addition: DatasetAddition, facts: dict[str, Any]) -> None:
    building = dataset_places.work_folder(addition.pk) / BUILT
    try:
        dataset_places.mark(building, addition)
        flush_folder(building)
        _stored(addition, facts)
    except DatasetError as error:
        _end(addition, State.FAILED, str(error))
    except OSError as error:
        _end(addition, State.FAILED, f"The version can't be put into its place: {error.strerror}.")
    else:
        dataset_places.clear(addition)


@transaction.atomic
def _stored(addition: DatasetAddition, facts: dict[str, Any]) -> None:
    choices = addition.choices
    _done(addition)
    version = datasets.keep(
        dataset_places.work_folder(addition.pk) / BUILT,
        choices["name"],
        choices["kind"],
        facts["files"],
        source_of(addition),
        facts["report"],
        addition.started_by,
    )
    DatasetAddition.objects.filter(pk=addition.pk).update(version=version)
    licence = addition.found.get("licence", "")
    Dataset.objects.filter(pk=version.dataset_id, licence="").update(licence=licence)


def source_of(addition: DatasetAddition) -> dict[str, Any]:
    """What it was made from; the same again is the same version."""
    found, choices = addition.found, addition.choices
    how = {name: choices[name] for name in ("mapping", "splits")}
    if addition.source == "hub":
        asked = {"config": addition.config, "split": addition.split}
        return {"from": "hub", "repo": addition.origin, "commit": found["commit"], **asked, **how}
    read = {name: found.get(name) for name in ("header", "quotes")}
    return {"from": "file", "file": addition.origin, "sha256": found["sha256"], **read, **how}


def _end(addition: DatasetAddition, state: str, sentence: str) -> None:
    ended = {"state": state, "error": sentence, "ended_at": timezone.now()}
    if not _held(addition).update(**ended):
        raise JobLostError(str(addition.pk))
    dataset_places.clear(addition)


def reap() -> None:
    """Find what its worker, the broker or the browser has dropped, and go on with it or end it."""
    reaped(DatasetAddition, _take_over, dataset_adding.enqueue)
    _end_abandoned()
    dataset_places.sweep()


def _take_over(addition: DatasetAddition) -> None:
    if addition.cancel_requested:
        _end(addition, State.CANCELLED, dataset_adding.CANCELLED)
    elif addition.deaths + 1 >= MOST_DEATHS:
        sentence = f"The worker died {MOST_DEATHS} times while adding it. Its log may say why."
        _end(addition, State.FAILED, sentence)
    elif _held(addition).update(
        state=State.WAITING,
        attempt=addition.attempt + 1,
        deaths=addition.deaths + 1,
        worker="",
        phase="Starting again",
        heartbeat_at=timezone.now(),
    ):
        addition.attempt += 1
        dataset_adding.enqueue(addition)


def _end_abandoned() -> None:
    now = timezone.now()
    uploads = DatasetAddition.objects.filter(
        state=State.RECEIVING, heartbeat_at__lt=now - UPLOAD_PATIENCE
    )
    for addition in uploads:
        sentence = "The upload stopped. Choose the file and send it again."
        dataset_adding.end(addition=addition, state=State.FAILED, sentence=sentence)
    forgotten = DatasetAddition.objects.to_confirm().filter(ended_at__lt=now - CHOICE_PATIENCE)
    for addition in forgotten:
        sentence = "Nobody said for a week what it is. Add it again."
        dataset_adding.end(addition=addition, state=State.FAILED, sentence=sentence)
