"""The leaderboard: subjects down, measures across, each number with what makes it comparable.

Numbers stand in one column only where task, version, measure, signature and convention are the
same. It is read in a fixed number of queries, however many rows and columns there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from evaluation.benchmarks import title_of
from evaluation.metrics.metric import label_of, measures
from evaluation.models import EvaluationRun, Score, ScoreQuerySet
from evaluation.run.averaging import AVERAGE
from evaluation.services.board_filters import Filters
from evaluation.services.board_ranks import known_ranks
from evaluation.statistics.win_rate import mean_win_rates
from training.models import ModelVersion, TrainingJob

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Column:
    """`key` names it in addresses; `how` says shots, template and limit in words."""

    key: str
    task: str
    version: str
    measure: str
    signature: str
    convention: str
    unit: str
    higher_is_better: bool
    main: bool
    how: str

    @property
    def label(self) -> str:
        return "Average" if self.measure == AVERAGE else label_of(self.measure)

    @property
    def title(self) -> str:
        """As the catalogue calls it; what follows the colon of a file's or dataset's."""
        return title_of(self.task) or self.task.rpartition(":")[2]

    @property
    def direction(self) -> bool | None:
        """None where neither higher nor lower is better."""
        known = measures()
        if self.measure in known:
            return known[self.measure][1].higher_is_better
        return self.higher_is_better


@dataclass(frozen=True)
class Cell:
    """`rank` is None until it is known, or where there is nothing to rank."""

    score: Score
    rank: int | None = None

    @property
    def is_contaminated(self) -> bool:
        return bool(self.score.contaminated)


@dataclass
class Row:
    """One model, or system, with its cells by column, and what its runs cost in all."""

    subject: str
    name: str
    model: ModelVersion | None
    method: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    runs: dict[object, EvaluationRun] = field(default_factory=dict)
    win_rate: float | None = None

    @cached_property
    def tokens(self) -> int:
        return sum(run.prompt_tokens + run.completion_tokens for run in self.runs.values())

    @cached_property
    def seconds(self) -> float:
        return sum(run.seconds for run in self.runs.values())

    @cached_property
    def memory(self) -> int | None:
        known = [run.peak_memory for run in self.runs.values() if run.peak_memory]
        return max(known) if known else None

    @property
    def size(self) -> int | None:
        """Bytes on disk; an adapter's with its base."""
        if self.model is None:
            return None
        base = self.model.base.size_bytes if self.model.base else 0
        return (self.model.size_bytes + base) or None

    @property
    def parameters(self) -> int | None:
        if self.model is None:
            return None
        return (self.model.base or self.model).parameters

    @property
    def base(self) -> str:
        """The model that it is, or sits on."""
        if self.model is None:
            return ""
        return (self.model.base or self.model).name

    @property
    def newest(self) -> EvaluationRun:
        return max(self.runs.values(), key=lambda run: run.ended_at or run.created_at)


@dataclass(frozen=True)
class Board:
    """`columns` are shown; `every` are those that could be. `unranked`: columns whose ranks are
    still to be computed. Ranks are among the `unfiltered` rows."""

    rows: Sequence[Row]
    columns: Sequence[Column]
    every: Sequence[Column]
    bases: Sequence[str] = ()
    methods: Sequence[str] = ()
    unranked: Sequence[str] = ()
    unfiltered: Sequence[Row] = ()

    def by_key(self, key: str) -> Column | None:
        return next((column for column in self.every if column.key == key), None)


def column_key(score: Score) -> str:
    parts = (score.task, score.task_version, score.measure, score.signature, score.run.convention)
    return sha256("\n".join(parts).encode()).hexdigest()[:10]


def column_of(score: Score) -> Column:
    return Column(
        key=column_key(score),
        task=score.task,
        version=score.task_version,
        measure=score.measure,
        signature=score.signature,
        convention=score.run.convention,
        unit=score.unit,
        higher_is_better=score.higher_is_better,
        main=score.main,
        how=how(score.run),
    )


def how(run: EvaluationRun) -> str:
    """Shots, template and limit in words."""
    if run.system_id is not None:
        return "outputs from a file"
    shots = "" if run.shots is None else f"{run.shots} shot{'' if run.shots == 1 else 's'}"
    template = str(run.prompt.get("name", "")) if run.prompt else ""
    chat = "chat template" if run.chat_template else ""
    limit = f"first {run.limit:,}" if run.limit else ""
    return ", ".join(part for part in (shots, template, chat, limit) if part)


def read(user: "User | None", filters: Filters) -> Board:
    """What the person may see; everything where there is none. Four queries."""
    scores = with_runs(list(filters.narrowed(visible(user))))
    every = columns_of(scores)
    rows = rows_of(scores)
    name_methods(rows)
    shown = filters.chosen(every)
    bases, methods = choices(rows)
    kept = [row for row in rows if filters.keeps(row)]
    ranks = known_ranks(rows, shown)
    for row in rows:
        place_ranks(row, ranks.by_score)
    fill_win_rates(kept, shown)
    return Board(filters.sorted(kept, shown), shown, every, bases, methods, ranks.missing, rows)


def visible(user: "User | None") -> ScoreQuerySet:
    scores = Score.objects.all() if user is None else Score.objects.seen_by(user)
    return scores.newest().select_related(None).order_by("task", "place", "measure")


def with_runs(scores: list[Score]) -> list[Score]:
    """Each run is read once, however many scores it has."""
    wanted = EvaluationRun.objects.filter(pk__in={score.run_id for score in scores})
    runs = wanted.select_related("model__base", "model__parent", "system").in_bulk()
    for score in scores:
        score.run = runs[score.run_id]
        score.key = column_key(score)  # type: ignore[attr-defined]
    return scores


def columns_of(scores: Iterable[Score]) -> list[Column]:
    """By task and measure, then the way it was asked."""
    found: dict[str, Column] = {}
    for score in scores:
        key: str = score.key  # type: ignore[attr-defined]
        if key not in found:
            found[key] = column_of(score)
    return sorted(found.values(), key=lambda c: (c.task, not c.main, c.how))


def rows_of(scores: Iterable[Score]) -> list[Row]:
    found: dict[str, Row] = {}
    for score in scores:
        run = score.run
        row = found.setdefault(run.subject, Row(run.subject, run.subject_name, run.model))
        row.cells[score.key] = Cell(score)  # type: ignore[attr-defined]
        row.runs[run.pk] = run
    return list(found.values())


def name_methods(rows: Sequence[Row]) -> None:
    made = TrainingJob.objects.filter(produced__in=[row.model for row in rows if row.model])
    methods = dict(made.values_list("produced", "method"))
    for row in rows:
        row.method = methods.get(row.model.pk, "") if row.model else ""


def choices(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    bases = {row.base for row in rows} - {""}
    return sorted(bases), sorted({row.method for row in rows} - {""})


def place_ranks(row: Row, ranks: Mapping[int, int]) -> None:
    row.cells = {key: Cell(cell.score, ranks.get(cell.score.pk)) for key, cell in row.cells.items()}


def fill_win_rates(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """HELM's, over the columns that are shown and have a better end; an average of others does not
    count once more."""
    values = [
        ({row.subject: row.cells[c.key].score.value for row in rows if c.key in row.cells}, better)
        for c in columns
        if (better := c.direction) is not None and c.measure != AVERAGE
    ]
    found = mean_win_rates(values)
    for row in rows:
        row.win_rate = found.get(row.subject)
