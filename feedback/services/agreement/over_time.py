"""Agreement along time: by the week in which a task was done, or by so many tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.utils import timezone

from feedback.services.agreement.measuring import Measured, alphas
from feedback.services.agreement.saying import Said, judged, people_of

MOST = 40
AT_LEAST = 100


@dataclass(frozen=True)
class Span:
    """Alpha of the tasks that were done in it."""

    label: str
    measured: Measured
    tasks: int


Task = tuple[datetime, list[Said]]


def by_week(said: Sequence[Said]) -> list[Span]:
    """The newest weeks, each with the tasks whose last ranking falls in it."""
    weeks = groupby(tasks_in_order(said), key=lambda task: monday(task[0]))
    found = [span(f"{day:%d %b %Y}", list(tasks)) for day, tasks in weeks]
    return found[-MOST:]


def by_hundred(said: Sequence[Said]) -> list[Span]:
    """Every hundred tasks in the order in which they were done; more where that gave too many."""
    tasks = tasks_in_order(said)
    size = AT_LEAST * max(1, -(-len(tasks) // (AT_LEAST * MOST)))
    starts = range(0, len(tasks), size)
    return [
        span(f"{start + 1} to {min(start + size, len(tasks))}", tasks[start : start + size])
        for start in starts
    ]


SPANS: dict[str, Callable[[Sequence[Said]], list[Span]]] = {
    "week": by_week,
    "hundred": by_hundred,
}


def span(label: str, tasks: Sequence[Task]) -> Span:
    said = [one for _, group in tasks for one in group]
    judgements = judged(said, people_of(said))
    return Span(label, alphas(judgements)["krippendorff_nominal"], len(tasks))


def tasks_in_order(said: Sequence[Said]) -> list[Task]:
    """What at least two people ranked, by the time of the last ranking."""
    groups: dict[int, list[Said]] = {}
    for one in said:
        groups.setdefault(one.candidate_set, []).append(one)
    done = [(max(one.at for one in group), group) for group in groups.values() if len(group) > 1]
    return sorted(done, key=lambda task: task[0])


def monday(at: datetime) -> datetime:
    day = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
