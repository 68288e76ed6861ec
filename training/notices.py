"""What a person is told when their long work ends: once for each ending, with the ending.

Rooms file what their kinds of work are called and where they are to be seen, and which work is only
a part of something larger that is told about itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from accounts.acting import acting
from accounts.models import Notification, User
from accounts.notifying import About, notify
from training.models import Addition, DatasetAddition, Job, TrainingJob

J = TypeVar("J", bound=Job)
Outcome = Notification.Outcome
_kinds: dict[type[Job], Callable[[Any], About | None]] = {}
_wholes: list[Callable[[Job], bool]] = []


def register(kind: type[J], about: Callable[[J], About | None]) -> None:
    """`about` may be None for a row whose end is of no news, such as one that is watched anyway."""
    _kinds[kind] = about


def register_whole(has: Callable[[Job], bool]) -> None:
    """`has` says whether a job is a part of something larger."""
    if has not in _wholes:
        _wholes.append(has)


def tell(sender: type[Job], rows: list[Job], asked: bool, **more: Any) -> None:
    """Of each of the rows that ended, or that somebody else asked to end."""
    for row in rows if sender in _kinds else []:
        outcome = outcome_of(row, asked)
        if outcome is not None and not any(has(row) for has in _wholes):
            _tell(row, outcome)


def outcome_of(row: Job, asked: bool) -> str | None:
    """Nothing where there is no news: whoever stopped their work knows that it ends."""
    if asked or row.state == Job.State.CANCELLED:
        return Outcome.STOPPED if stopped_by(row) is not None else None
    if row.state == Job.State.FAILED:
        return Outcome.FAILED
    return Outcome.ASKS if getattr(row, "is_to_confirm", False) else Outcome.DONE


def stopped_by(row: Job) -> User | None:
    """Somebody else than the one whose work it is. Only they themselves know it by now."""
    by = acting()
    return by if by is not None and by.pk != person_of(row) else None


def person_of(row: Job) -> int | None:
    key: int | None = getattr(row, "owner_id", None) or getattr(row, "started_by_id", None)
    return key


def _tell(row: Job, outcome: str) -> None:
    key = person_of(row)
    person = User.objects.filter(pk=key).first() if key is not None else None
    about = _kinds[type(row)](row) if person is not None else None
    if person is None or about is None:
        return
    by = stopped_by(row) if outcome == Outcome.STOPPED else None
    said = f"Stopped by {by.display_name}." if by else row.error
    ending = f"{row._meta.label_lower}:{row.pk}:{row.attempt}:{outcome}"
    notify(person=person, key=ending, outcome=outcome, about=about, said=said)


def of_run(job: TrainingJob) -> About:
    return About("Training run", job.name, job.get_absolute_url())


def of_dataset(addition: DatasetAddition) -> About:
    """Once it is there it is seen on its own page, which outlives the note of its making."""
    version = addition.version
    url = version.get_absolute_url() if version else addition.get_absolute_url()
    return About("Dataset", addition.name, url)


def of_model(addition: Addition) -> About:
    return About("Model", addition.version.name, addition.version.get_absolute_url())


def file() -> None:
    register(TrainingJob, of_run)
    register(DatasetAddition, of_dataset)
    register(Addition, of_model)
