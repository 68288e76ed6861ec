"""What freezing would give: a function of the annotations that count now.

Tasks are read in the order in which they came, so the same annotations give the same bytes. What
is left out is counted by its reason.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from feedback.models import Project
from feedback.rules.nearby import NearDuplicates
from feedback.rules.splits import SPLITS, Placed, place
from feedback.services.snapshots.gathering import (
    Judged,
    annotated,
    groups_of,
    judged_tasks,
    voided_in,
)
from feedback.services.snapshots.recipe import Recipe
from feedback.services.snapshots.rows import KINDS, Row, rows_of

Progress = Callable[[str, int, int], None]
DERIVING = "Deriving pairs"
STEP = 250


def unheard(phase: str, done: int, total: int) -> None:
    """For those who don't want to know how far it is."""


@dataclass
class Snapshot:
    """Rows by file, what was dropped and why, the labeler of each annotation that counts, and
    where each group of prompts was placed."""

    files: dict[str, list[Row]]
    dropped: Counter[str]
    said_by: dict[int, int]
    placed: Placed

    def rows(self, kind: str, split: str | None = None) -> list[Row]:
        names = [f"{kind}.{name}.jsonl" for name in SPLITS if split in (None, name)]
        return [row for name in names for row in self.files[name]]


def empty_files() -> dict[str, list[Row]]:
    return {f"{kind}.{name}.jsonl": [] for kind in KINDS for name in SPLITS}


def snapshot(*, project: Project, recipe: Recipe, told: Progress = unheard) -> Snapshot:
    """Nothing is stored. `told` hears how far it is, and ends it by raising. FeedbackError for a
    recipe that cannot be."""
    recipe.checked()
    placed = place(groups_of(project), recipe.shares, seed=recipe.seed, nearby=NearDuplicates())
    made = Snapshot(empty_files(), voided_in(project), {}, placed)
    total = annotated(project).count()
    for number, judged in enumerate(judged_tasks(project, recipe)):
        if number % STEP == 0:
            told(DERIVING, number, total)
        add(made, judged, recipe)
    return made


def add(made: Snapshot, judged: Judged, recipe: Recipe) -> None:
    """What one task gives, or the reasons why it gives nothing."""
    made.dropped.update(judged.left_out.values())
    made.said_by |= {annotation.pk: annotation.labeler_id for annotation in judged.annotations}
    group = judged.task.group_key
    if not judged.annotations:
        return
    if (reason := made.placed.dropped.get(group)) is not None:
        made.dropped[reason] += 1
        return
    for kind, rows in rows_of(judged, recipe.margin, made.dropped).items():
        made.files[f"{kind}.{made.placed.splits[group]}.jsonl"] += rows
