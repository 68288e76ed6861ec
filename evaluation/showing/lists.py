"""The list of evaluations: at work and waiting first, then those that ended, newest first."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from accounts.models import User
from evaluation.models import EvaluationRun, EvaluationRunQuerySet
from evaluation.showing.words import WORDS

PER_PAGE = 25
FILTERS = ("q", "state", "who")
STATES = [(str(state), word) for state, word in WORDS.items()]


@dataclass(frozen=True)
class Runs:
    live: list[EvaluationRun]
    ended: Page

    @property
    def mark(self) -> str:
        """Equal as long as a list with these runs looks the same."""
        shown = [*self.live, *self.ended.object_list]
        told = [(str(r.pk), r.state, r.attempt, r.events_read, r.cancel_requested) for r in shown]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    @property
    def any(self) -> bool:
        return bool(self.live or self.ended.object_list)


def asked(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, "") for name in FILTERS}


def narrowed(
    runs: EvaluationRunQuerySet, wanted: Mapping[str, str], user: User
) -> EvaluationRunQuerySet:
    found = runs.about(wanted["q"])
    if wanted["who"] == "mine":
        found = found.of(user)
    if wanted["state"] in EvaluationRun.State.values:
        found = found.filter(state=wanted["state"])
    return found


def listed(runs: EvaluationRunQuerySet, page: str | None) -> Runs:
    live = list(runs.live().order_by("-state", "created_at"))
    ended = runs.exclude(state__in=EvaluationRun.LIVE).order_by("-ended_at")
    return Runs(live, Paginator(ended.with_scores(), PER_PAGE).get_page(page))
