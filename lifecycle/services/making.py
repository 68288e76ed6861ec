"""Beginning a rehearsal, stopping it, and going on with it."""

import logging
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from feedback.rules.declared import RULES
from lifecycle.errors import LifecycleError
from lifecycle.models import Made, Rehearsal
from lifecycle.sizes import RULE, plan_for
from lifecycle.things import THINGS, Work
from llmkit.registry import near_names
from training.models import Job, ModelVersion

log = logging.getLogger(__name__)
State = Job.State
TASK = "lifecycle.tasks.advance_rehearsal"
STOPPED = "Stopped. What is done is kept; resume it to go on from there."
PAUSE_SECONDS = 3


@transaction.atomic
def create(
    *,
    owner: User | None,
    size: str,
    model: str = "",
    rule: str = RULE,
    seed: int = 42,
    promote: bool = True,
    driver: str = "",
) -> Rehearsal:
    """A rehearsal that the process `driver` drives, or the site's workers where none is named.

    `model`: else the default model, for a quick one a throwaway. LifecycleError where there is no
    such model.
    """
    if size not in Rehearsal.Size.values:
        raise LifecycleError(f"There is no size '{size}'. Choose quick or full.")
    if rule not in RULES:
        raise LifecycleError(f"There is no rule '{rule}'. {near_names(rule, RULES.names())}")
    named = model or ("" if size == Rehearsal.Size.QUICK else settings.DEFAULT_MODEL)
    if named:
        named = require_model(named)
    last = Rehearsal.objects.aggregate(last=Max("number"))["last"] or 0
    made = Rehearsal.objects.create(
        owner=owner,
        number=last + 1,
        size=size,
        plan=plan_for(size, named, rule=rule, seed=seed, promote=promote).stored(),
        state=State.RUNNING,
        started_at=timezone.now(),
        worker=driver,
    )
    if not driver:
        transaction.on_commit(lambda: enqueue(made))
    return made


def require_model(name: str) -> str:
    found = ModelVersion.objects.called(name)
    if found is None:
        raise LifecycleError(f"There is no model {name} here. Add it on the Models page first.")
    if found.kind not in (ModelVersion.Kind.BASE, ModelVersion.Kind.MERGED):
        raise LifecycleError(f"{name} is no whole model. Choose one that an adapter can be put on.")
    if found.archived_at is not None:
        raise LifecycleError(f"{name} is archived. Bring it back first.")
    return found.name


def enqueue(rehearsal: Rehearsal, *, seconds: int = 0) -> None:
    """Tell the workers. Where the broker is away they find the row themselves within minutes."""
    try:
        current_app.send_task(TASK, args=[str(rehearsal.pk)], countdown=seconds)
    except Exception:
        log.exception("The broker does not answer; the row waits and is tried again")


@transaction.atomic
def cancel(*, rehearsal: Rehearsal) -> None:
    """Stop the work it waits for; whoever drives it ends it then."""
    asked = Rehearsal.objects.filter(pk=rehearsal.pk, state__in=Job.LIVE)
    if not asked.update(cancel_requested=True):
        raise LifecycleError(f"{rehearsal} has ended already.")
    stop_work(rehearsal)


def stop_work(rehearsal: Rehearsal) -> None:
    for row, work in at_work(rehearsal):
        if row.state in (State.WAITING, State.RUNNING):
            work.cancel(row)


@transaction.atomic
def resume(*, rehearsal: Rehearsal, driver: str = "") -> None:
    """Go on where it stopped. What is done is not done again. LifecycleError while its work is
    still stopping."""
    require_stopped(rehearsal)
    ended = Rehearsal.objects.filter(
        pk=rehearsal.pk, state__in=(State.FAILED, State.CANCELLED), attempt=rehearsal.attempt
    )
    changes = {"cancel_requested": False, "error": "", "phase": "", "ended_at": None}
    now = timezone.now()
    if not ended.update(
        state=State.RUNNING,
        attempt=rehearsal.attempt + 1,
        worker=driver,
        heartbeat_at=now,
        **changes,
    ):
        raise LifecycleError(f"{rehearsal} can't be resumed as it is.")
    rehearsal.refresh_from_db()
    for row, work in at_work(rehearsal):
        if row.state in (State.FAILED, State.CANCELLED):
            work.resume(row, not driver)
    if not driver:
        transaction.on_commit(lambda: enqueue(rehearsal))


def require_stopped(rehearsal: Rehearsal) -> None:
    """What a dead worker has left is ended first."""
    for row, work in at_work(rehearsal):
        if row.state == State.RUNNING and row.cancel_requested:
            work.reap()
            row.refresh_from_db()
            if row.state == State.RUNNING:
                raise LifecycleError(f"{rehearsal} is still stopping. Try again in a moment.")


def at_work(rehearsal: Rehearsal) -> Iterator[tuple[Any, Work]]:
    """The long work of the stages that are not over, with its services."""
    made = Made.objects.filter(stage__rehearsal=rehearsal, stage__ended_at=None)
    for one in made:
        work, row = THINGS[one.kind].work, one.thing
        if work is not None and row is not None:
            yield row, work
