"""Who judged what how, and everything that follows from it by sums over tasks.

A unit is a pair of answers i < j of one task; its value is 1 (i is better), 0 (a tie) or -1. The
judgements are a long table, so that ten thousand rankings by hundreds of people stay small.

Sample: unit [0, 0], task [0, 0], person [0, 1], value [1, -1]: two people contradict each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.measures.kappa import fleiss_parts
from feedback.measures.krippendorff import coincidences

Matrix = npt.NDArray[np.float64]
Column = npt.NDArray[np.int64]
Key = tuple[int, int]
VALUES = 3


@dataclass(frozen=True)
class Judgements:
    """Columns of equal length, sorted by unit, then person. Numbers count from 0."""

    unit: Column
    task: Column
    person: Column
    value: Column
    tasks: int
    people: int

    def chosen(self, rows: npt.NDArray[np.bool_]) -> "Judgements":
        """Only some rows; tasks and people keep their numbers."""
        unit, task, person, value = (
            column[rows] for column in (self.unit, self.task, self.person, self.value)
        )
        return Judgements(unit, task, person, value, self.tasks, self.people)

    @property
    def units(self) -> int:
        return int(self.unit.max()) + 1 if len(self.unit) else 0

    def counts(self) -> Matrix:
        """How often each value was given to each unit: [units, values]."""
        found = np.zeros((self.units, VALUES))
        np.add.at(found, (self.unit, self.value + 1), 1)
        return found

    def task_of_unit(self) -> Column:
        found = np.zeros(self.units, dtype=np.int64)
        found[self.unit] = self.task
        return found


def table(
    said: Iterable[tuple[int, int, Mapping[Key, int]]], tasks: int, people: int
) -> Judgements:
    """From (task, person, {pair: value}); two rankings of one task by one person do not occur."""
    rows = [
        (task, i, j, person, value)
        for task, person, values in said
        for (i, j), value in values.items()
    ]
    found = np.array(rows, dtype=np.int64).reshape(-1, 5)
    found = found[np.lexsort(found[:, ::-1].T)]
    new = (np.diff(found[:, :3], axis=0, prepend=-1) != 0).any(axis=1)
    return Judgements(np.cumsum(new) - 1, found[:, 0], found[:, 3], found[:, 4], tasks, people)


def summed(parts: Matrix, owners: Column, size: int) -> Matrix:
    """The sums of parts [rows, ...] by owner: [size, ...]."""
    found = np.zeros((size, *parts.shape[1:]))
    np.add.at(found, owners, parts)
    return found


def coincidences_by_task(judged: Judgements) -> Matrix:
    """[tasks, values, values], for `krippendorff.alpha_of`."""
    return summed(coincidences(judged.counts()), judged.task_of_unit(), judged.tasks)


def fleiss_by_task(judged: Judgements) -> Matrix:
    """[tasks, 2 + values], for `kappa.fleiss_of`."""
    return summed(fleiss_parts(judged.counts()), judged.task_of_unit(), judged.tasks)


@dataclass(frozen=True)
class Meetings:
    """Every two people who judged one unit: person a < person b and what they said."""

    task: Column
    a: Column
    b: Column
    value_a: Column
    value_b: Column


def meetings(judged: Judgements) -> Meetings:
    parts, apart = [], 1
    while len(same := np.flatnonzero(judged.unit[apart:] == judged.unit[:-apart])):
        parts.append(np.column_stack([same, same + apart]))
        apart += 1
    first, second = np.concatenate(parts or [np.zeros((0, 2), dtype=np.int64)]).T
    person, value = judged.person, judged.value
    return Meetings(judged.task[first], person[first], person[second], value[first], value[second])


def against_the_others(judged: Judgements, voters: npt.NDArray[np.bool_]) -> Meetings:
    """Each judgement beside what most of the other voters said; an even vote is left out.

    `voters` [people] says whose judgements make the vote. `a` and `b` are both the person.
    """
    votes = judged.chosen(voters[judged.person])
    counts = np.zeros((judged.units, VALUES))
    np.add.at(counts, (votes.unit, votes.value + 1), 1)
    others = counts[judged.unit]
    own = voters[judged.person]
    others[np.flatnonzero(own), judged.value[own] + 1] -= 1
    most = others.max(axis=1)
    clear = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    person, said = judged.person[clear], others[clear].argmax(axis=1) - 1
    return Meetings(judged.task[clear], person, person, judged.value[clear], said)


def taus(met: Meetings, people: int) -> tuple[Column, Matrix]:
    """Kendall's tau-b of every two people on every task, over the pairs that both judged.

    With s = -1, 0, 1 for each pair of answers, tau-b = sum(s_a s_b) / sqrt(sum(s_a^2) sum(s_b^2)).
    Returns the task of each, and its tau, without those where somebody tied everything.
    """
    keys = (met.task * people + met.a) * people + met.b
    groups, owner = np.unique(keys, return_inverse=True)
    a, b = met.value_a.astype(float), met.value_b.astype(float)
    above, squares_a, squares_b = (
        np.bincount(owner, weights=w, minlength=len(groups)) for w in (a * b, a * a, b * b)
    )
    defined = (squares_a > 0) & (squares_b > 0)
    found = above[defined] / np.sqrt(squares_a[defined] * squares_b[defined])
    return groups[defined] // people**2, found
