"""Changes against the parent as a table: tuned models down, tasks across."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.metrics import label_of
from evaluation.services.comparing import Comparison
from evaluation.services.comparing_parents import Tuned, better
from evaluation.showing.comparing import is_real
from evaluation.templatetags.board_numbers import signed
from training.models import ModelVersion


@dataclass(frozen=True)
class Change:
    """`tone`: better, worse, or nothing where it can't be told from chance."""

    text: str
    between: str
    tone: str
    hint: str
    task: str
    benchmark: str


@dataclass(frozen=True)
class Line:
    model: ModelVersion
    method: str
    trained: int | None
    changes: Sequence[Change | None]
    mean: str
    lost: int
    gained: int


@dataclass(frozen=True)
class Table:
    """`columns` are (task, measure in words)."""

    columns: Sequence[tuple[str, str]]
    lines: Sequence[Line]


def table(found: Sequence[Tuned]) -> Table:
    keys = sorted({key for one in found for key in one.changes})
    lines = [line(one, keys) for one in found if one.changes]
    return Table([(task, label_of(measure)) for task, measure in keys], lines)


def line(one: Tuned, keys: Sequence[tuple[str, str]]) -> Line:
    changes = [change(one.changes[key]) if key in one.changes else None for key in keys]
    tones = [change.tone for change in changes if change]
    return Line(
        model=one.model,
        method=one.method,
        trained=one.model.trainable,
        changes=changes,
        mean=signed(one.mean),
        lost=tones.count("worse"),
        gained=tones.count("better"),
    )


def change(one: Comparison) -> Change:
    gap = one.difference
    tone = ("better" if better(one) > 0 else "worse") if is_real(one) else ""
    between = "" if gap.low is None else f"{signed(gap.low)} to {signed(gap.high)}"
    hint = f"{one.scores[1]:.4f} before, {one.scores[0]:.4f} after, {gap.items} items; {gap.test}"
    return Change(signed(gap.value), between, tone, hint, one.task, one.task)
