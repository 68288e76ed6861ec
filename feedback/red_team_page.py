"""What the list of attempts shows: which are wanted, and how far people got with each model."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import QueryDict

from feedback.models import Attempt, Project
from llmkit.numbers import whole_number

SCALE = range(5)


@dataclass(frozen=True)
class Wanted:
    """What narrows the list; empty words do not. `success` is a digit."""

    model: str = ""
    state: str = ""
    success: str = ""
    labeler: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> "Wanted":
        names = ("model", "state", "success", "labeler")
        return cls(**{name: data.get(name, "").replace("\x00", "")[:300] for name in names})

    @property
    def narrows(self) -> bool:
        return any((self.model, self.state, self.success, self.labeler))

    @property
    def query(self) -> str:
        made = QueryDict(mutable=True)
        made.update({name: value for name, value in vars(self).items() if value})
        return made.urlencode()

    def among(self, attempts: "QuerySet[Attempt]") -> "QuerySet[Attempt]":
        found = attempts.filter(model=self.model) if self.model else attempts
        found = found.filter(state=self.state) if self.state else found
        if self.success:
            chosen = int(self.success) if self.success in set(map(str, SCALE)) else -1
            found = found.filter(success=chosen)
        if self.labeler:
            found = found.filter(labeler=whole_number(self.labeler) or 0)
        return found


@dataclass(frozen=True)
class Bar:
    """How many attempts on a model reached one success; `width` is per cent of the model's."""

    success: int
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Row:
    model: str
    bars: Sequence[Bar]
    total: int
    mean: float


def by_model(project: Project) -> list[Row]:
    """Finished attempts by model and success, the model that failed most first."""
    finished = project.attempts.filter(state=Attempt.State.FINISHED).order_by()
    counted = finished.values_list("model", "success").annotate(n=Count("pk"))
    found: dict[str, dict[int, int]] = {}
    for model, success, count in counted:
        if success is not None:
            found.setdefault(model, {})[success] = count
    rows = [row(model, counts) for model, counts in found.items()]
    return sorted(rows, key=lambda row: (-row.mean, row.model))


def row(model: str, counts: dict[int, int]) -> Row:
    total = sum(counts.values())
    bars, x = [], 0.0
    for success in SCALE:
        width = 100 * counts.get(success, 0) / total
        bars.append(Bar(success, counts.get(success, 0), round(x, 2), round(width, 2)))
        x += width
    return Row(model, bars, total, sum(s * n for s, n in counts.items()) / total)
