"""The stages of a rehearsal as its page tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.access import may_enter
from accounts.models import User
from lifecycle.loop import Stage
from lifecycle.models import Made, Rehearsal, RehearsalStage
from lifecycle.stages import EVERY
from lifecycle.things import THINGS
from training.models import Job

ROLES = {"abilities": "Abilities", "questions": "Held-out questions", "pairs": "Pairs"}


@dataclass(frozen=True)
class Part:
    """A thing with its page; `url` is empty where the person may not go there."""

    what: str
    name: str
    url: str
    said: str = ""
    percent: int | None = None


@dataclass(frozen=True)
class Shown:
    """`state`: done, now, stopped, or later. `seconds`: from its begin to its end."""

    number: int
    title: str
    doing: str
    state: str
    parts: Sequence[Part] = ()
    seconds: float | None = None


def stages_of(rehearsal: Rehearsal, user: User) -> list[Shown]:
    rows = {row.name: row for row in rehearsal.stages.prefetch_related("made")}
    trains = may_enter(user, "training")
    return [
        shown(place, stage, rows.get(stage.name), rehearsal, trains)
        for place, stage in enumerate(EVERY, start=1)
    ]


def shown(
    place: int, stage: Stage, row: RehearsalStage | None, rehearsal: Rehearsal, trains: bool
) -> Shown:
    if row is None:
        return Shown(place, stage.title, stage.doing, "later")
    parts = [part(one, trains) for one in row.made.all()]
    if row.ended_at is not None:
        took = (row.ended_at - row.started_at).total_seconds()
        return Shown(place, stage.title, stage.doing, "done", parts, took)
    state = "now" if rehearsal.state in Job.LIVE else "stopped"
    return Shown(place, stage.title, stage.doing, state, parts)


def part(made: Made, trains: bool) -> Part:
    kind, row = THINGS[made.kind], made.thing
    what = ROLES.get(made.role, kind.what)
    if row is None:
        return Part(what, "removed since", "")
    url = kind.address(row) if trains else ""
    if kind.work is None or row.state == Job.State.DONE:
        return Part(what, str(row), url)
    said, percent = kind.work.said(row)
    words = said if row.state == Job.State.RUNNING else str(row.get_state_display()).lower()
    return Part(what, str(row), url, words, percent)


def current(stages: Sequence[Shown]) -> Any:
    return next((stage for stage in stages if stage.state in ("now", "stopped")), None)
