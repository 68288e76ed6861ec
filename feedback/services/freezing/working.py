"""A worker's side of a report or a version: claim the row, work it out, end the row.

Every write is fenced by "this attempt, and mine". Working it out again gives the same, so a worker
that died is simply followed by another.
"""

import hashlib
import logging
from contextlib import suppress
from time import monotonic
from typing import Any

from django.utils import timezone

from feedback.models import Freezing
from feedback.services.errors import FeedbackError
from feedback.services.freezing import asking
from feedback.services.snapshots import Recipe, Snapshot, report, snapshot
from feedback.services.snapshots.changes import changes_since, last_version
from feedback.services.snapshots.freezing import store
from feedback.services.snapshots.rows import Row
from llmkit.identity import identity, is_dead
from training.models import Job, JobLostError
from training.models.job import SILENT_AFTER
from training.rows import hash_of, line_of
from training.services.datasets import DatasetError

log = logging.getLogger(__name__)
BEAT_SECONDS = 0.5
MOST_ATTEMPTS = 3
WAITING_PATIENCE = 2 * SILENT_AFTER


class CancelledError(Exception):
    """Someone asked for an end."""


def run(*, freezing_id: str, attempt: int) -> None:
    """Do it, unless another worker has it or the attempt is an old one."""
    worker = identity()
    if not Freezing.objects.claim(freezing_id, attempt=attempt, worker=worker):
        return
    freezing = Freezing.objects.select_related("project", "started_by").get(pk=freezing_id)
    with suppress(JobLostError):
        try:
            work(freezing)
        except CancelledError:
            end(freezing, Job.State.CANCELLED, error=asking.CANCELLED)
        except (FeedbackError, DatasetError) as error:
            end(freezing, Job.State.FAILED, error=str(error))
        except OSError as error:
            log.exception("%s could not be stored", freezing)
            sentence = f"It could not be stored: {error.strerror}. Free some space and try again."
            end(freezing, Job.State.FAILED, error=sentence)


def work(freezing: Freezing) -> None:
    recipe, heart = Recipe.restored(freezing.recipe), Heart(freezing)
    made = snapshot(project=freezing.project, recipe=recipe, told=heart)
    heart.now("Writing the report")
    freezing.content_hash = hash_of_rows(made)
    facts: dict[str, Any] = {"content_hash": freezing.content_hash, "report": report(made)}
    if freezing.wanted == Freezing.Wanted.VERSION and not freezing.is_outdated:
        heart.now("Freezing")
        facts |= frozen(freezing, recipe, made)
    else:
        last = last_version(freezing.project, freezing.name)
        facts["changes"] = changes_since(made, last) if last else None
    end(freezing, Job.State.DONE, **facts)


def frozen(freezing: Freezing, recipe: Recipe, made: Snapshot) -> dict[str, Any]:
    version = store(
        project=freezing.project,
        name=freezing.name,
        recipe=recipe,
        made=made,
        made_by=freezing.started_by,
    )
    return {"version": version, "unchanged": version.created_at < freezing.created_at}


def hash_of_rows(made: Snapshot) -> str:
    """The content hash that the version would have."""
    return hash_of({name: {"sha256": digest(rows)} for name, rows in made.files.items()})


def digest(rows: list[Row]) -> str:
    found = hashlib.sha256()
    for row in rows:
        found.update(line_of(row).encode())
    return found.hexdigest()


class Heart:
    """Stores that this worker lives and how far it is, and ends it where somebody asked to."""

    def __init__(self, freezing: Freezing) -> None:
        self._freezing, self._last = freezing, 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        if monotonic() - self._last >= BEAT_SECONDS:
            self.now(phase, done, total)

    def now(self, phase: str, done: int = 0, total: int = 0) -> None:
        self._last = monotonic()
        mine = held(self._freezing)
        beat = {"heartbeat_at": timezone.now(), "phase": phase}
        if not mine.update(**beat, done_bytes=done, total_bytes=total):
            raise JobLostError(str(self._freezing.pk))
        if mine.filter(cancel_requested=True).exists():
            raise CancelledError


def held(freezing: Freezing) -> Any:
    return Freezing.objects.held(freezing.pk, attempt=freezing.attempt, worker=freezing.worker)


def end(freezing: Freezing, state: str, **facts: Any) -> None:
    if not held(freezing).update(state=state, ended_at=timezone.now(), phase="", **facts):
        raise JobLostError(str(freezing.pk))


def reap() -> None:
    """Find what its worker or the broker has dropped, and go on with it or end it."""
    silent = set(Freezing.objects.silent().values_list("pk", flat=True))
    for freezing in Freezing.objects.filter(state=Job.State.RUNNING):
        if freezing.pk in silent or is_dead(freezing.worker):
            with suppress(JobLostError):
                take_over(freezing)
    remind_the_broker()


def take_over(freezing: Freezing) -> None:
    if freezing.cancel_requested:
        end(freezing, Job.State.CANCELLED, error=asking.CANCELLED)
    elif freezing.attempt >= MOST_ATTEMPTS:
        sentence = f"The worker died {MOST_ATTEMPTS} times over it. Its log may say why."
        end(freezing, Job.State.FAILED, error=sentence)
    elif held(freezing).update(
        state=Job.State.WAITING,
        attempt=freezing.attempt + 1,
        worker="",
        phase="Starting again",
        heartbeat_at=timezone.now(),
    ):
        freezing.attempt += 1
        asking.enqueue(freezing)


def remind_the_broker() -> None:
    """Send a waiting row's task again where it seems lost; one that comes twice does no harm."""
    before = timezone.now() - WAITING_PATIENCE
    for freezing in Freezing.objects.filter(state=Job.State.WAITING, heartbeat_at__lt=before):
        same = Freezing.objects.filter(pk=freezing.pk, heartbeat_at=freezing.heartbeat_at)
        if same.update(heartbeat_at=timezone.now()):
            asking.enqueue(freezing)
