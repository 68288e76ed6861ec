"""What drives a rehearsal: one step after the other, whoever takes it.

Every step reads the rows anew and stores what it makes in the transaction that makes it. So it may
be killed anywhere, and two drivers at once would do nothing twice.
"""

import logging
import subprocess
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation.services.errors import EvaluationsError
from feedback.services.errors import FeedbackError
from lifecycle.errors import LifecycleError
from lifecycle.loop import Loop, Part, Stage
from lifecycle.models import Made, Rehearsal, RehearsalStage
from lifecycle.report import costing
from lifecycle.services.making import STOPPED, State, stop_work
from lifecycle.stages import EVERY
from lifecycle.things import THINGS
from llmkit.identity import is_dead
from training.models import Job
from training.models.job import SILENT_AFTER
from training.services.datasets import DatasetError
from training.services.errors import ModelsError, RunsError

log = logging.getLogger(__name__)
Do = Callable[[Any, Any], None]
REFUSALS = (
    LifecycleError,
    FeedbackError,
    DatasetError,
    RunsError,
    EvaluationsError,
    ModelsError,
)
LEFT = "The shell that drove it is gone. Resume it to go on where it was."
BROKE = "It broke off because of a fault on this site. The log of whoever drove it says which."


class WaitError(Exception):
    """Others are at work on what this stage needs."""


def advance(rehearsal: Rehearsal, *, here: Do | None = None) -> bool:
    """One step; whether there is more to do at once. `here` does the long work in this process,
    given its row and its services; without it the site's workers do, and are waited for."""
    rehearsal.refresh_from_db()
    if rehearsal.state not in Job.LIVE:
        return False
    try:
        step(rehearsal, Loop(rehearsal, tell=here is None), here)
        return True
    except WaitError:
        return False
    except IntegrityError:
        log.info("%s is driven by somebody else, too", rehearsal)
        return False
    except REFUSALS as error:
        end(rehearsal, State.FAILED, str(error))
    except (OSError, subprocess.CalledProcessError) as error:
        log.exception("%s broke off", rehearsal)
        end(rehearsal, State.FAILED, f"{BROKE} ({type(error).__name__})")
    return False


def step(rehearsal: Rehearsal, loop: Loop, here: Do | None) -> None:
    ended = set(rehearsal.stages.exclude(ended_at=None).values_list("name", flat=True))
    stage = next((each for each in EVERY if each.name not in ended), None)
    if stage is None:
        finish(rehearsal)
        return
    row, _ = RehearsalStage.objects.get_or_create(rehearsal=rehearsal, name=stage.name)
    tell(rehearsal, stage.title)
    for part in stage.parts:
        made_or_make(row, part, loop)
        if not worked(rehearsal, row, part, here):
            return
    if rehearsal.cancel_requested:
        end(rehearsal, State.CANCELLED, STOPPED)
        return
    over(row, stage, loop)


def tell(rehearsal: Rehearsal, phase: str) -> None:
    live = Rehearsal.objects.filter(pk=rehearsal.pk, state__in=Job.LIVE)
    live.update(phase=phase, heartbeat_at=timezone.now())


def made_or_make(row: RehearsalStage, part: Part, loop: Loop) -> None:
    """Stored in the transaction that makes it: there is no second row for the same role."""
    if row.made.filter(role=part.role).exists():
        return
    if loop.rehearsal.cancel_requested:
        return
    if part.prepare is not None:
        part.prepare(loop)
    with transaction.atomic():
        thing = part.make(loop)
        Made.objects.create(stage=row, role=part.role, kind=part.kind, key=str(thing.pk))


def worked(rehearsal: Rehearsal, row: RehearsalStage, part: Part, here: Do | None) -> bool:
    """Whether the part's work is done. WaitError while others do it."""
    work, made = THINGS[part.kind].work, row.made.filter(role=part.role).first()
    if made is None:
        end(rehearsal, State.CANCELLED, STOPPED)
        return False
    if work is None:
        return True
    thing = made.thing
    if thing is None:
        raise LifecycleError("What it was at work on was removed. Begin a new rehearsal.")
    if thing.state == State.DONE:
        return True
    if thing.state == State.FAILED:
        raise LifecycleError(thing.error or BROKE)
    if thing.state == State.CANCELLED:
        end(rehearsal, State.CANCELLED, STOPPED)
        return False
    if here is None or thing.state == State.RUNNING:
        work.reap()
        raise WaitError
    here(thing, work)
    return False


def over(row: RehearsalStage, stage: Stage, loop: Loop) -> None:
    facts = stage.end(loop) if stage.end else {}
    open_row = RehearsalStage.objects.filter(pk=row.pk, ended_at=None)
    open_row.update(facts=facts, ended_at=timezone.now())


def finish(rehearsal: Rehearsal) -> None:
    """The report is what was found, what it cost, and what became of the promotion."""
    facts = dict(rehearsal.stages.values_list("name", "facts"))
    report = {
        **facts["leaderboard"],
        "promotion": facts["promotion"],
        "cost": costing.of_stages(rehearsal),
    }
    produced = Loop(rehearsal, tell=False).trained
    end(rehearsal, State.DONE, "", report=report, produced=produced)


def end(rehearsal: Rehearsal, state: str, sentence: str, **more: Any) -> None:
    live = Rehearsal.objects.filter(pk=rehearsal.pk, state__in=Job.LIVE)
    live.update(state=state, error=sentence, phase="", ended_at=timezone.now(), worker="", **more)
    rehearsal.refresh_from_db()


def beat(rehearsal: Rehearsal, driver: str) -> None:
    mine = Rehearsal.objects.filter(pk=rehearsal.pk, worker=driver, state__in=Job.LIVE)
    mine.update(heartbeat_at=timezone.now())


def abandoned(rehearsal: Rehearsal) -> bool:
    """Whether the shell that drove it is gone, or was not heard of for too long."""
    silent = timezone.now() - rehearsal.heartbeat_at > SILENT_AFTER
    return bool(rehearsal.worker) and (is_dead(rehearsal.worker) or silent)


def look_after() -> list[Rehearsal]:
    """Those that the site's workers drive. What a dead shell has left behind is stopped, in words,
    so that nothing seems to run that does not."""
    live = list(Rehearsal.objects.live())
    for one in live:
        if abandoned(one):
            held = Rehearsal.objects.filter(pk=one.pk, worker=one.worker, state=State.RUNNING)
            held.update(state=State.CANCELLED, ended_at=timezone.now(), error=LEFT, worker="")
            stop_work(one)
    return [one for one in live if not one.worker]
