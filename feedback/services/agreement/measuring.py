"""The measures of a set of rankings, each with its interval and what it stands on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from feedback.measures.intervals import Interval, draws, percentiles
from feedback.measures.judgements import (
    VALUES,
    Judgements,
    Meetings,
    coincidences_by_task,
    fleiss_by_task,
    meetings,
    taus,
)
from feedback.measures.kappa import cohen_of, fleiss_of
from feedback.measures.krippendorff import alpha_of
from feedback.measures.ranks import kendall_w, ranks
from feedback.services.agreement.saying import Said, judged, people_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Matrix = npt.NDArray[np.float64]
CELLS = VALUES**2


@dataclass(frozen=True)
class Measured:
    """`n` counts what the value stands on: candidate pairs, pairs of people, or tasks."""

    value: float | None = None
    interval: Interval | None = None
    n: int = 0


@dataclass(frozen=True)
class Agreement:
    """The measures by name, and what they stand on."""

    measures: dict[str, Measured]
    tasks: int
    people: int
    rankings: int


def measured(said: Sequence[Said]) -> Agreement:
    """Every measure of what was said. One is undefined where nothing was judged twice."""
    judgements = judged(said, people_of(said))
    found = alphas(judgements)
    tables = cohen_tables(meetings(judgements), judgements)
    found["cohen_kappa"] = mean_cohen(tables)
    found["kendall_tau"] = mean_tau(judgements)
    found["kendall_w"] = mean_w(said)
    return Agreement(found, judgements.tasks, judgements.people, len(said))


def alphas(judgements: Judgements) -> dict[str, Measured]:
    coincided, parts = coincidences_by_task(judgements), fleiss_by_task(judgements)
    twice = parts[:, 0] > 0
    units = int(parts[:, 0].sum())
    return {
        "krippendorff_nominal": of_sums(coincided[twice], alpha_of, units),
        "krippendorff_ordinal": of_sums(coincided[twice], lambda s: alpha_of(s, "ordinal"), units),
        "fleiss_kappa": of_sums(parts[twice], fleiss_of, units),
    }


def of_sums(parts: Matrix, measure: Callable[[Matrix], Matrix], n: int) -> Measured:
    """A measure of the sums of parts [tasks, ...], and its interval when tasks are drawn again."""
    if len(parts) == 0:
        return Measured()
    value = number(measure(parts.sum(axis=0)))
    if len(parts) < 2:
        return Measured(value, None, n)
    drawn = np.tensordot(draws(len(parts)), parts, axes=1)
    return Measured(value, percentiles(measure(drawn)), n)


def number(value: Matrix | float) -> float | None:
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True)
class Tables:
    """What each two people said together, by task: cells [tasks, pairs of people * 9]."""

    pairs: list[tuple[int, int]]
    cells: "csr_matrix"

    def summed(self) -> Matrix:
        return np.asarray(self.cells.sum(axis=0)).reshape(-1, VALUES, VALUES)

    def drawn(self) -> Matrix:
        """[rounds, pairs, 3, 3] over the tasks that say anything."""
        told = self.cells[np.flatnonzero(self.cells.getnnz(axis=1))]
        if told.shape[0] < 2:
            return np.zeros((0, len(self.pairs), VALUES, VALUES))
        return (draws(told.shape[0]) @ told).reshape(-1, len(self.pairs), VALUES, VALUES)


def cohen_tables(met: Meetings, judgements: Judgements) -> Tables:
    from scipy.sparse import csr_matrix

    keys = met.a * judgements.people + met.b
    groups, owner = np.unique(keys, return_inverse=True)
    cell = owner * CELLS + (met.value_a + 1) * VALUES + met.value_b + 1
    shape = (judgements.tasks, len(groups) * CELLS)
    cells = csr_matrix((np.ones(len(cell)), (met.task, cell)), shape=shape)
    pairs = [(int(key // judgements.people), int(key % judgements.people)) for key in groups]
    return Tables(pairs, cells)


def mean_cohen(tables: Tables) -> Measured:
    """The mean of Cohen's kappa over every two people who share units; n counts such pairs."""
    kappas = cohen_of(tables.summed())
    known = kappas[~np.isnan(kappas)]
    if len(known) == 0:
        return Measured()
    drawn = cohen_of(tables.drawn())
    return Measured(float(known.mean()), percentiles(mean_known(drawn)), len(known))


def mean_known(rows: Matrix) -> Matrix:
    """The mean of each row over what is defined in it."""
    known = ~np.isnan(rows)
    counts = known.sum(axis=-1)
    return np.where(counts, np.where(known, rows, 0).sum(axis=-1) / np.maximum(counts, 1), np.nan)


def mean_tau(judgements: Judgements) -> Measured:
    """Kendall's tau-b of every two people on a task, averaged by task, then over tasks."""
    by_task: dict[int, list[float]] = defaultdict(list)
    for task, tau in zip(*taus(meetings(judgements), judgements.people), strict=True):
        by_task[int(task)].append(float(tau))
    return mean_of([float(np.mean(found)) for found in by_task.values()])


def mean_w(said: Iterable[Said]) -> Measured:
    """Kendall's W of every task that two or more people ranked whole, averaged over tasks."""
    vectors: dict[int, list[list[float]]] = defaultdict(list)
    for one in said:
        if not one.ranking.all_bad and not one.ranking.unranked:
            vectors[one.candidate_set].append(ranks(one.ranking.tiers, one.ranking.size))
    found = [kendall_w(some) for some in vectors.values() if len(some) > 1]
    return mean_of([value for value in found if value is not None])


def mean_of(values: Sequence[float]) -> Measured:
    """A mean over tasks; n counts them."""
    if not values:
        return Measured()
    column = np.array(values)
    interval = None
    if len(column) > 1:
        interval = percentiles(draws(len(column)) @ column / len(column))
    return Measured(float(column.mean()), interval, len(column))
