"""What freezing would give: a function of the annotations that count now.

Tasks are read in the order in which they came, so the same annotations give the same bytes. What
is left out is counted by its reason.
"""

from collections import Counter
from dataclasses import dataclass, field

from feedback.models import Project
from feedback.rules.splits import SPLITS, Placed
from feedback.services.snapshots.gathering import (
    Judged,
    annotated,
    judged_tasks,
    voided_in,
)
from feedback.services.snapshots.prompts import Progress, learn, placed_groups, unheard
from feedback.services.snapshots.recipe import Recipe
from feedback.services.snapshots.rows import KINDS, Row, rows_of

DERIVING = "Deriving pairs"
STEP = 250


@dataclass
class Snapshot:
    """Rows by file, what was dropped and why, the labeler of each annotation that counts, the
    reason of each that does not, and where each group of prompts was placed."""

    files: dict[str, list[Row]]
    dropped: Counter[str]
    placed: Placed
    said_by: dict[int, int] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)

    def rows(self, kind: str, split: str | None = None) -> list[Row]:
        names = [f"{kind}.{name}.jsonl" for name in SPLITS if split in (None, name)]
        return [row for name in names for row in self.files[name]]


def empty_files() -> dict[str, list[Row]]:
    return {f"{kind}.{name}.jsonl": [] for kind in KINDS for name in SPLITS}


def snapshot(*, project: Project, recipe: Recipe, told: Progress = unheard) -> Snapshot:
    """Nothing is stored but which prompts are near. `told` hears how far it is, and ends it by
    raising. FeedbackError for a recipe that cannot be."""
    recipe.checked()
    learn(project, told)
    made = Snapshot(empty_files(), voided_in(project), placed_groups(project, recipe))
    total = annotated(project).count()
    for number, judged in enumerate(judged_tasks(project, recipe)):
        if number % STEP == 0:
            told(DERIVING, number, total)
        add(made, judged, recipe)
    return made


def add(made: Snapshot, judged: Judged, recipe: Recipe) -> None:
    """What one task gives, or the reasons why it gives nothing."""
    made.dropped.update(judged.left_out.values())
    made.left_out |= judged.left_out
    made.said_by |= {annotation.pk: annotation.labeler_id for annotation in judged.annotations}
    group = judged.task.group_key
    if not judged.annotations:
        return
    if (reason := made.placed.dropped.get(group)) is not None:
        made.dropped[reason] += 1
        return
    for kind, rows in rows_of(judged, recipe.margin, made.dropped).items():
        made.files[f"{kind}.{made.placed.splits[group]}.jsonl"] += rows
