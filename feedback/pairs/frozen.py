"""The pairs of a frozen version, each with the revisions it was made from and what became of them.

A file of any length is read as far as the page that is looked at; rows name their annotations.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from feedback.models import Annotation, Project
from feedback.pairs.shown import Revision
from feedback.rules.splits import SPLITS
from feedback.services.snapshots.standing import history
from feedback.task_page import letter, said
from training.models import DatasetVersion
from training.services.dataset_rows import numbered

PER_PAGE = 10
FILES = {f"{kind}.{split}.jsonl": (kind, split) for kind in ("pairs", "ties") for split in SPLITS}


@dataclass(frozen=True)
class FrozenPair:
    """`number` counts from 1 in its file."""

    number: int
    row: Mapping[str, Any]
    revisions: Sequence[Revision]

    @property
    def prompt(self) -> str:
        return str(self.row["messages"][-1]["content"])

    @property
    def answers(self) -> tuple[str, str]:
        first, second = self.row.get("answers") or (self.row["chosen"], self.row["rejected"])
        return first, second

    @property
    def no_longer(self) -> int:
        """How many of its revisions no longer count."""
        return sum(bool(revision.reason) for revision in self.revisions)


@dataclass(frozen=True)
class FrozenPage:
    rows: list[FrozenPair]
    page: int
    more: bool

    @property
    def before(self) -> int:
        return self.page - 1

    @property
    def after(self) -> int:
        return self.page + 1


def page_of(
    project: Project, version: DatasetVersion, file: str, *, page: int, task: int | None
) -> FrozenPage:
    """DatasetError where the file is gone."""
    start = (max(page, 1) - 1) * PER_PAGE
    found = list(islice(lines(version, file, task), start, start + PER_PAGE + 1))
    rows = [(number, json.loads(line)) for number, line in found[:PER_PAGE]]
    return FrozenPage(with_revisions(project, rows), max(page, 1), len(found) > PER_PAGE)


def lines(version: DatasetVersion, file: str, task: int | None) -> Iterator[tuple[int, bytes]]:
    """Keys stand in one order and quotes inside a text are escaped, so bytes tell the task."""
    if task is None:
        return numbered(version, file)
    marks = (b'"task":%d,' % task, b'"task":%d}' % task)
    return ((n, line) for n, line in numbered(version, file) if any(m in line for m in marks))


def with_revisions(
    project: Project, rows: Sequence[tuple[int, Mapping[str, Any]]]
) -> list[FrozenPair]:
    named = {pk for _, row in rows for pk in row["annotations"]}
    known = Annotation.objects.of(project).select_related("labeler__user", "candidate_set")
    found = {annotation.pk: annotation for annotation in known.filter(pk__in=named)}
    reasons = history(known.filter(task__in={a.task_id for a in found.values()}))
    shown = {pk: revision(annotation, reasons[pk]) for pk, annotation in found.items()}
    return [
        FrozenPair(number, row, [shown[pk] for pk in row["annotations"] if pk in shown])
        for number, row in rows
    ]


def revision(annotation: Annotation, reason: str) -> Revision:
    order = annotation.candidate_set.candidates
    letters = {pk: letter(place) for place, pk in enumerate(order)}
    return Revision(said(annotation, letters, not reason), reason)


def gone_since(version: DatasetVersion) -> int:
    """How many of the annotations it was made of no longer count."""
    keys = version.source.get("annotations", [])
    current = 0
    for start in range(0, len(keys), 500):
        some = Annotation.objects.current().filter(pk__in=keys[start : start + 500])
        current += some.count()
    return len(keys) - current
