"""What freezing would give: a function of the annotations that count now.

Tasks are read in the order in which they came, so the same annotations give the same bytes. What
is left out is counted by its reason.
"""

from collections import Counter
from dataclasses import dataclass, field

from feedback.models import Project
from feedback.rules.nearby import NearDuplicates
from feedback.rules.splits import SPLITS, Fractions, Placed, check_fractions, place
from feedback.services.errors import FeedbackError
from feedback.services.snapshots.gathering import groups_of, judged_tasks
from feedback.services.snapshots.rows import KINDS, Row, rows_of

SHARES: Fractions = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True)
class Recipe:
    """What a snapshot is made with. `margin`: how far a vote must be from one half to count."""

    seed: int = 0
    shares: Fractions = field(default_factory=lambda: dict(SHARES))
    margin: float = 0.0
    include_ai: bool = False


@dataclass
class Snapshot:
    """Rows by file, what was dropped and why, and where each group of prompts was placed."""

    files: dict[str, list[Row]]
    dropped: Counter[str]
    annotations: list[int]
    placed: Placed

    def rows(self, kind: str, split: str | None = None) -> list[Row]:
        names = [f"{kind}.{name}.jsonl" for name in SPLITS if split in (None, name)]
        return [row for name in names for row in self.files[name]]


def snapshot(*, project: Project, recipe: Recipe) -> Snapshot:
    """Nothing is stored. FeedbackError for shares that do not add up."""
    try:
        check_fractions(recipe.shares)
    except ValueError as error:
        raise FeedbackError(str(error)) from error
    placed = place(groups_of(project), recipe.shares, seed=recipe.seed, nearby=NearDuplicates())
    files: dict[str, list[Row]] = {f"{kind}.{name}.jsonl": [] for kind in KINDS for name in SPLITS}
    made = Snapshot(files, Counter(), [], placed)
    for judged in judged_tasks(project, made.dropped, include_ai=recipe.include_ai):
        made.annotations += [annotation.pk for annotation in judged.annotations]
        if (reason := placed.dropped.get(judged.task.group_key)) is not None:
            made.dropped[reason] += 1
            continue
        for kind, rows in rows_of(judged, recipe.margin, made.dropped).items():
            files[f"{kind}.{placed.splits[judged.task.group_key]}.jsonl"] += rows
    return made
