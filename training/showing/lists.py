"""The list of runs: at work, waiting in order, ended; and what tells whether it has changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from training import methods
from training.models import Job, TrainingJob, TrainingJobQuerySet
from training.showing.words import WORDS

PER_PAGE = 25
FILTERS = ("q", "method", "state", "who")
State = Job.State


@dataclass(frozen=True)
class Runs:
    """`waiting` holds (place in the whole queue, run)."""

    running: list[TrainingJob]
    waiting: list[tuple[int, TrainingJob]]
    ended: Page
    hidden: int

    @property
    def mark(self) -> str:
        """Equal as long as a list with these runs looks the same."""
        shown = [*self.running, *(run for _, run in self.waiting), *self.ended.object_list]
        told = [(str(run.pk), run.state, run.attempt, run.name, run.events_read) for run in shown]
        rest = [run.cancel_requested for run in shown], [place for place, _ in self.waiting]
        return hashlib.sha256(repr((told, rest)).encode()).hexdigest()[:16]

    @property
    def any(self) -> bool:
        return bool(self.running or self.waiting or self.ended.object_list)

    @property
    def longest(self) -> int:
        """How many wait, those that are not listed among them."""
        return len(self.waiting) + self.hidden

    @property
    def is_live(self) -> bool:
        return bool(self.running or self.waiting)


def asked(values: Mapping[str, str], *, everyone: bool) -> dict[str, str]:
    """What narrows the list; whose runs is an admin's question alone."""
    found = {name: values.get(name, "") for name in FILTERS}
    return found if everyone else found | {"who": ""}


def narrowed(runs: TrainingJobQuerySet, wanted: Mapping[str, str], user: Any) -> Any:
    found = runs.about(wanted["q"])
    if wanted["who"] == "mine":
        found = found.filter(owner=user)
    if wanted["method"] in methods.names():
        found = found.filter(method=wanted["method"])
    if wanted["state"] in State.values:
        found = found.filter(state=wanted["state"])
    return found.with_names()


def listed(runs: Any, page: str | None) -> Runs:
    """Places are those in the whole queue, in which others' runs wait too."""
    queue = list(TrainingJob.objects.queue().values_list("pk", flat=True))
    places = {pk: place for place, pk in enumerate(queue, start=1)}
    waiting = [(places[run.pk], run) for run in runs.queue() if run.pk in places]
    running = list(runs.filter(state=State.RUNNING).order_by("started_at"))
    ended = Paginator(runs.ended().order_by("-ended_at"), PER_PAGE).get_page(page)
    return Runs(running, waiting, ended, len(queue) - len(waiting))


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the filters offer."""
    known = [(name, methods.get(name).label) for name in methods.names()]
    return {"methods": known, "states": [(str(state), word) for state, word in WORDS.items()]}
