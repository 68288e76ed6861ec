"""The order in which waiting runs are trained, and moving one within it.

Higher priorities go first; within one, the lowest place. A run that is moved keeps its priority
where that fits between its new neighbours, and takes the nearer one of theirs elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from accounts.access import ADMIN, is_in_group
from accounts.models import User
from training.models import Job, TrainingJob
from training.services.errors import RunsError

Line = list[TrainingJob]


@dataclass(frozen=True)
class Ahead:
    """What is done before a waiting run: how many train now, how many wait, and those of them
    that the person may see."""

    running: int
    waiting: int
    seen: tuple[TrainingJob, ...]


def ahead(job: TrainingJob, user: User) -> Ahead:
    """Of a run that does not wait: nothing is ahead."""
    line = list(TrainingJob.objects.queue())
    if job not in line:
        return Ahead(0, 0, ())
    before = line[: line.index(job)]
    seen = tuple(each for each in before if may_move(each, user))
    running = TrainingJob.objects.filter(state=Job.State.RUNNING).count()
    return Ahead(running, len(before), seen)


def may_move(job: TrainingJob, user: User) -> bool:
    return job.owner_id == user.pk or is_in_group(user, ADMIN)


def move(*, job: TrainingJob, before: TrainingJob | None, by: User) -> None:
    """Before a waiting run, or behind all of them. RunsError where one of the two waits no more."""
    if before != job:
        _move(job, by, lambda line: len(line) if before is None else _place_of(before, line))


def first(*, job: TrainingJob, by: User) -> None:
    _move(job, by, lambda line: 0)


def last(*, job: TrainingJob, by: User) -> None:
    move(job=job, before=None, by=by)


def earlier(*, job: TrainingJob, by: User) -> None:
    """One place forward; the first stays."""
    _step(job, by, -1)


def later(*, job: TrainingJob, by: User) -> None:
    """One place back; the last stays."""
    _step(job, by, 1)


def _step(job: TrainingJob, by: User, places: int) -> None:
    with transaction.atomic():
        now = _place_of(job, _locked())
        _move(job, by, lambda line: min(len(line), max(0, now + places)))


@transaction.atomic
def _move(job: TrainingJob, by: User, to: Callable[[Line], int]) -> None:
    """To where `to` says among the others, as they stand once nobody else can move them."""
    if not may_move(job, by):
        raise RunsError("Only its owner or an administrator may move a run.")
    line = _locked()
    mine = line.pop(_place_of(job, line))
    at = to(line)
    mine.priority = _fitting(mine.priority, line[:at], line[at:])
    line.insert(at, mine)
    _number([each for each in line if each.priority == mine.priority])
    job.refresh_from_db(fields=["priority", "place"])


def _fitting(priority: int, before: Line, behind: Line) -> int:
    most = min([priority, *(each.priority for each in before[-1:])])
    return max([most, *(each.priority for each in behind[:1])])


def _locked() -> Line:
    """Locked by id, which is the same order for everybody, then sorted as the queue is."""
    rows = TrainingJob.objects.filter(state=Job.State.WAITING).order_by("pk")
    found = list(rows.select_for_update())
    return sorted(found, key=lambda each: (-each.priority, each.place, each.created_at))


def _place_of(job: TrainingJob, line: Line) -> int:
    if job not in line:
        raise RunsError(f"The run {job.name} waits no more, so it has no place in the queue.")
    return line.index(job)


def _number(line: Line) -> None:
    """Hand out the places that these have already, each higher than the one before."""
    least = 0
    for each, place in zip(line, sorted(each.place for each in line), strict=True):
        each.place = least = max(place, least + 1)
    TrainingJob.objects.bulk_update(line, ["priority", "place"])
