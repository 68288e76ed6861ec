"""Adding a dataset: asked for here, done by a worker in two steps, and nothing is half-added.

First it looks at what came; then a person says what it is; then it builds the version.
"""

import logging

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from llmkit.adding.space import in_words
from training.models import DatasetAddition, Job
from training.services import dataset_choices, dataset_places
from training.services.dataset_choices import Wanted
from training.services.datasets import DatasetError
from training.tables.reading import ending_of

log = logging.getLogger(__name__)
CANCELLED = "Cancelled. Nothing was added."
ENDINGS = "Choose a .jsonl, .json, .csv, .tsv, .txt or .parquet file; all but the last may be .gz."
State, Step = Job.State, DatasetAddition.Step


@transaction.atomic
def begin_hub(
    *, repo: str, by: User, config: str = "", split: str = "", revision: str = "", tell: bool = True
) -> DatasetAddition:
    """Have a worker fetch a dataset's tables and look at them."""
    addition = DatasetAddition.objects.create(
        source="hub", origin=repo, config=config, split=split, revision=revision, started_by=by
    )
    if tell:
        transaction.on_commit(lambda: enqueue(addition))
    return addition


@transaction.atomic
def begin_upload(*, file_name: str, size: int, by: User) -> DatasetAddition:
    """Make ready for a file of `size` bytes that comes piece by piece; one that broke off is gone
    on with."""
    require_readable(file_name, size)
    begun = DatasetAddition.objects.filter(
        state=State.RECEIVING, started_by=by, origin=file_name, total_bytes=size
    ).first()
    if begun is not None:
        return begun
    dataset_places.require_space(3 * size)
    return DatasetAddition.objects.create(
        source="upload",
        origin=file_name[:1000],
        state=State.RECEIVING,
        total_bytes=size,
        phase="Uploading",
        started_by=by,
    )


@transaction.atomic
def begin_local(*, file_name: str, size: int, by: User) -> DatasetAddition:
    """For a file that whoever asks puts into its place at once, and works on without a worker."""
    require_readable(file_name, size)
    dataset_places.require_space(3 * size)
    return DatasetAddition.objects.create(source="upload", origin=file_name, started_by=by)


def require_readable(file_name: str, size: int) -> None:
    if not ending_of(file_name):
        raise DatasetError(ENDINGS)
    if size < 1:
        raise DatasetError("The file is empty.")
    if size > settings.DATASET_UPLOAD_LIMIT:
        raise DatasetError(
            f"The file has {in_words(size)}; at most {in_words(settings.DATASET_UPLOAD_LIMIT)} "
            "are taken. Split it, or pack it with gzip."
        )


def receive(*, addition: DatasetAddition, at: int, data: bytes) -> int:
    """Append a piece of an upload; returns how many bytes have arrived. A piece that came twice
    or too early changes nothing."""
    end = at + len(data)
    if addition.state != State.RECEIVING:
        raise DatasetError("This upload has ended. Choose the file again.")
    if end > addition.total_bytes:
        raise DatasetError("The file is longer than it was said to be. Choose it again.")
    if not data or at != addition.done_bytes:
        return addition.done_bytes
    # Written before it is counted: a piece lost in between is sent and written once more.
    _append(addition, at, data)
    mine = DatasetAddition.objects.filter(pk=addition.pk, state=State.RECEIVING, done_bytes=at)
    if mine.update(done_bytes=end, heartbeat_at=timezone.now()) and end == addition.total_bytes:
        _received(addition)
    return end


def _append(addition: DatasetAddition, at: int, data: bytes) -> None:
    path = dataset_places.upload_file(addition.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(at)
            file.write(data)
    except OSError as error:
        sentence = "The disk became full. Free some space, then try again."
        end(addition=addition, state=State.FAILED, sentence=sentence)
        raise DatasetError(sentence) from error


def _received(addition: DatasetAddition) -> None:
    waiting = DatasetAddition.objects.filter(pk=addition.pk, state=State.RECEIVING)
    if waiting.update(state=State.WAITING, phase="", done_bytes=0, total_bytes=0):
        enqueue(addition)


def enqueue(addition: DatasetAddition) -> None:
    """Tell the workers. Where the broker is away the row still waits, and is told of again."""
    try:
        arguments = [str(addition.pk), addition.attempt]
        current_app.send_task("training.tasks.add_dataset", args=arguments)
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


@transaction.atomic
def confirm(*, addition: DatasetAddition, wanted: Wanted, by: User, tell: bool = True) -> None:
    """Have a worker build the version that a person chose. DatasetError where it does not fit."""
    choices = dataset_choices.checked(addition, wanted, by)
    _next_step(addition, Step.BUILD, choices, tell)


@transaction.atomic
def look_again(*, addition: DatasetAddition, header: bool, quotes: bool) -> None:
    """Read the file once more, taking its first row for names or not."""
    choices = {**addition.choices, "header": header, "quotes": quotes}
    _next_step(addition, Step.LOOK, choices, tell=True)


def _next_step(
    addition: DatasetAddition, step: str, choices: dict[str, object], tell: bool
) -> None:
    ready = DatasetAddition.objects.to_confirm().filter(pk=addition.pk)
    changes = {
        "state": State.WAITING,
        "step": step,
        "choices": choices,
        "attempt": addition.attempt + 1,
        "deaths": 0,
        "done_bytes": 0,
        "total_bytes": 0,
        "phase": "",
        "ended_at": None,
        "heartbeat_at": timezone.now(),
    }
    if not ready.update(**changes):
        raise DatasetError("This was confirmed or cancelled already.")
    addition.refresh_from_db()
    if tell:
        transaction.on_commit(lambda: enqueue(addition))


@transaction.atomic
def cancel(*, addition: DatasetAddition) -> None:
    """End it within seconds: at once where no worker has it, else its worker is told."""
    idle = DatasetAddition.objects.open().filter(pk=addition.pk).exclude(state=State.RUNNING)
    if idle.update(state=State.CANCELLED, ended_at=timezone.now(), error=CANCELLED):
        transaction.on_commit(dataset_places.sweep)
        return
    running = DatasetAddition.objects.filter(pk=addition.pk, state=State.RUNNING)
    running.update(cancel_requested=True)


@transaction.atomic
def end(*, addition: DatasetAddition, state: str, sentence: str) -> None:
    open_one = DatasetAddition.objects.open().filter(pk=addition.pk)
    if open_one.update(state=state, ended_at=timezone.now(), error=sentence):
        transaction.on_commit(dataset_places.sweep)


def dismiss(*, addition: DatasetAddition) -> None:
    """Take the note about what was not added off the page."""
    DatasetAddition.objects.filter(pk=addition.pk).update(dismissed=True)
