"""An invariant: its name, its sentence, and how a look at it becomes a finding."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone

Promise = Literal["nothing lost", "nothing twice", "nothing stuck", "as it was written"]
NOTICED_AFTER = timedelta(minutes=4)
"""The longest that the app takes to see what died: a minute of silence, one more for the schedule,
and two before a waiting row's message counts as lost."""
SECOND_LOOK_SECONDS = 3.0
SHOWN = 5


@dataclass
class Look:
    """One look at everything. `at_rest`: nothing is at work, so whatever still is, is stuck.

    `files`: whether to read files from end to end. `seen` counts what the invariant looked at.
    """

    at_rest: bool = False
    files: bool = True
    now: datetime = field(default_factory=timezone.now)
    seen: int = 0

    @property
    def noticed_before(self) -> datetime:
        """What happened before that must have been noticed by now."""
        return self.now if self.at_rest else self.now - NOTICED_AFTER

    def at(self, count: int = 1) -> None:
        self.seen += count


Check = Callable[[Look], Iterator[str]]


@dataclass(frozen=True)
class Invariant:
    promise: Promise
    check: Check
    reads_files: bool = False

    @property
    def name(self) -> str:
        return self.check.__name__

    @property
    def sentence(self) -> str:
        return " ".join((self.check.__doc__ or "").split())


@dataclass(frozen=True)
class Finding:
    """`n` is how many things were looked at, `broken` says of each that is wrong what is wrong."""

    invariant: Invariant
    n: int
    broken: Sequence[str]

    @property
    def holds(self) -> bool:
        return not self.broken


_KNOWN: list[Invariant] = []


def invariant(promise: Promise, *, reads_files: bool = False) -> Callable[[Check], Check]:
    def known(check: Check) -> Check:
        _KNOWN.append(Invariant(promise, check, reads_files))
        return check

    return known


def all_of_them() -> list[Invariant]:
    order = ["nothing lost", "nothing twice", "nothing stuck", "as it was written"]
    return sorted(_KNOWN, key=lambda each: order.index(each.promise))


def checked(*, at_rest: bool = False, files: bool = True) -> Iterator[Finding]:
    """Every invariant in turn. While the app is at work a row may change between two queries, so
    what seems wrong is looked at a second time, and only what is wrong both times counts."""
    for each in all_of_them():
        if each.reads_files and not files:
            continue
        found = _once(each, at_rest, files)
        if found.broken and not at_rest:
            time.sleep(SECOND_LOOK_SECONDS)
            again = _once(each, at_rest, files)
            both = [what for what in again.broken if what in set(found.broken)]
            found = Finding(each, again.n, both)
        yield found


def _once(each: Invariant, at_rest: bool, files: bool) -> Finding:
    look = Look(at_rest, files)
    broken = list(each.check(look))
    return Finding(each, look.seen, broken)
