"""Two models on one benchmark: what is between them, whether it is real, and who won which item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from evaluation.models import EvaluationRun, EvaluationRunQuerySet, Score
from evaluation.run.samples import Sample
from evaluation.services import comparing_items as items
from evaluation.services.board import how
from evaluation.services.errors import EvaluationsError
from evaluation.statistics.holm import holm
from evaluation.statistics.paired import Difference, paired
from llmkit.registry import near_names

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Pair:
    """Two runs of one matter: of two models under one convention, or of any two by their ids."""

    first: EvaluationRun
    second: EvaluationRun

    @property
    def runs(self) -> tuple[EvaluationRun, EvaluationRun]:
        return self.first, self.second

    @property
    def names(self) -> list[str]:
        """Of the models; where they are the same one, with how it was asked."""
        names = [run.subject_name for run in self.runs]
        if names[0] != names[1]:
            return names
        return [f"{run.subject_name}, {how(run) or 'as it comes'}" for run in self.runs]


@dataclass(frozen=True)
class Side:
    """One item as both answered it; `gap` is the first's value minus the second's."""

    first: Sample
    second: Sample
    values: tuple[float | None, float | None]

    @property
    def gap(self) -> float:
        one, other = self.values
        return 0.0 if one is None or other is None else one - other


@dataclass(frozen=True)
class Comparison:
    """One measure of one task; `met` holds the items, `values` what each is worth to either."""

    task: str
    measure: str
    scores: tuple[float, float]
    difference: Difference
    met: items.Met
    values: tuple[Sequence[float | None], Sequence[float | None]]
    higher_is_better: bool = True
    p_holm: float | None = None

    @cached_property
    def sides(self) -> list[Side]:
        pairs = zip(*self.met.samples, *self.values, strict=True)
        return [Side(first, second, (one, other)) for first, second, one, other in pairs]

    @property
    def won(self) -> int:
        return sum(self.better(side) > 0 for side in self.sides)

    @property
    def lost(self) -> int:
        return sum(self.better(side) < 0 for side in self.sides)

    @property
    def tied(self) -> int:
        return len(self.sides) - self.won - self.lost

    def better(self, side: Side) -> float:
        """Above 0 where the first is the better one."""
        return side.gap if self.higher_is_better else -side.gap

    def sorted_sides(self, only: str = "") -> list[Side]:
        """The widest gaps first: items `won` from the best, `lost` from the worst, or all of them
        by how far apart they are."""
        if only == "won":
            won = (side for side in self.sides if self.better(side) > 0)
            return sorted(won, key=lambda side: -self.better(side))
        if only == "lost":
            return sorted((s for s in self.sides if self.better(s) < 0), key=self.better)
        return sorted(self.sides, key=lambda side: -abs(side.gap))


def pair_named(benchmark: str, names: Sequence[str], *, user: "User | None" = None) -> Pair:
    """The newest runs of both under one convention. `benchmark`: a pack or task (`glue`), a dataset
    (`dataset:name`), a file (`file:name`). EvaluationsError says what there is instead."""
    if len(names) != 2 or names[0] == names[1]:
        raise EvaluationsError("Name two different models, with a comma between them.", "models")
    seen = EvaluationRun.objects.seen_by(user) if user else EvaluationRun.objects.all()
    runs = list(on(seen, benchmark).select_related("model", "system").order_by("-ended_at"))
    if not runs:
        known = {name_of_matter(matter) for matter in seen.done().values_list("matter", flat=True)}
        raise EvaluationsError(
            f"Nothing was measured on '{benchmark}'. {near_names(benchmark, known)}", "benchmark"
        )
    first, second = (runs_of(name, runs) for name in names)
    shared = ((a, b) for a in first for b in second if alike(a, b))
    found = next(shared, None)
    if found is None:
        raise EvaluationsError(
            f"{names[0]} and {names[1]} were never measured on '{benchmark}' in the same way: "
            "the same version, template, shots, limit and settings.",
            "models",
        )
    return Pair(*found)


def pair_of_runs(ids: Sequence[str], *, user: "User | None" = None) -> Pair:
    """Two runs of one matter, however they were asked: one model with and without examples."""
    if len(ids) != 2 or ids[0] == ids[1]:
        raise EvaluationsError("Name two different runs, with a comma between them.", "runs")
    seen = EvaluationRun.objects.seen_by(user) if user else EvaluationRun.objects.all()
    known = {str(run.pk): run for run in seen.done().filter(pk__in=filter(is_id, ids))}
    for each in ids:
        if each not in known:
            raise EvaluationsError(f"There is no run '{each}' that is done.", "runs")
    pair = Pair(known[ids[0]], known[ids[1]])
    if pair.first.matter != pair.second.matter:
        raise EvaluationsError("These two runs measured different things.", "runs")
    return pair


def is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def alike(first: EvaluationRun, second: EvaluationRun) -> bool:
    return first.convention == second.convention and first.matter == second.matter


def on(runs: EvaluationRunQuerySet, benchmark: str) -> EvaluationRunQuerySet:
    named = Q(benchmark=benchmark) | Q(matter=benchmark) | Q(matter__startswith=f"{benchmark}@")
    task = Q(scores__task=benchmark)
    return runs.done().filter(named | task).distinct()


def name_of_matter(matter: str) -> str:
    return matter.partition("@")[0].removeprefix("benchmark:")


def runs_of(name: str, runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    found = [run for run in runs if run.subject_name == name]
    if not found:
        known = {run.subject_name for run in runs}
        raise EvaluationsError(
            f"'{name}' was not measured there. {near_names(name, known)}", "models"
        )
    return found


def compare(pair: Pair, *, task: str = "", measure: str = "") -> list[Comparison]:
    """Every task that both have, by its main measure, or by that `measure`; with Holm's correction
    over them. EvaluationsError where there is nothing that both have."""
    wanted = shared_scores(pair, task, measure)
    if not wanted:
        what = f" of {measure}" if measure else ""
        raise EvaluationsError(f"These two runs have no scores{what} in common.", "benchmark")
    return corrected([one(pair, score) for score in wanted])


def shared_scores(pair: Pair, task: str, measure: str) -> list[Score]:
    """The first's scores that the second has too, under one signature; signatures name how it was
    asked, so of runs that were asked in different ways only task and measure are the same."""
    known = key if alike(*pair.runs) else matter_of
    second = {known(score) for score in pair.second.scores.all()}
    found = [score for score in pair.first.scores.all() if known(score) in second]
    of_task = [score for score in found if task in ("", score.task)]
    if measure:
        return [score for score in of_task if score.measure == measure]
    return [score for score in of_task if score.main]


def key(score: Score) -> tuple[str, str, str]:
    return score.task, score.measure, score.signature


def matter_of(score: Score) -> tuple[str, str, str]:
    return score.task, score.measure, score.task_version


def one(pair: Pair, score: Score) -> Comparison:
    met = items.met(pair.runs, score.task)
    first, second = (items.finding(samples, score.measure) for samples in met.samples)
    exact = outcomes(first.per_item, second.per_item) if first.is_mean else None
    difference = paired(first.evidence, second.evidence, met.sources, outcomes=exact)
    values = [
        items.values_of(samples, score.task, found.per_item)
        for samples, found in zip(met.samples, (first, second), strict=True)
    ]
    return Comparison(
        task=score.task,
        measure=score.measure,
        scores=(first.value, second.value),
        difference=difference,
        met=met,
        values=(values[0], values[1]),
        higher_is_better=score.higher_is_better,
    )


def outcomes(
    first: Sequence[float | None] | None, second: Sequence[float | None] | None
) -> tuple[list[float], list[float]] | None:
    if first is None or second is None or None in first or None in second:
        return None
    return [float(value or 0) for value in first], [float(value or 0) for value in second]


def corrected(found: Sequence[Comparison]) -> list[Comparison]:
    adjusted = iter(holm([one.difference.p for one in found if one.difference.p is not None]))
    return [
        one if one.difference.p is None else replace(one, p_holm=next(adjusted)) for one in found
    ]
