"""A pack's own number: the mean of its tasks, as GLUE and SuperGLUE tell theirs.

Every task counts once, whatever its size; a task that is known by several measures counts by their
mean (Wang et al. 2018, section 4). Only a run over the whole pack has one. Items of all tasks are
drawn again together, by source, for the interval and for telling models apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from evaluation.metrics import Finding
from evaluation.run.measured import Measured
from evaluation.run.samples import Sample
from evaluation.statistics.evidence import Evidence, Matrix, Places
from evaluation.statistics.intervals import interval

AVERAGE = "average"
Averaged = Mapping[str, Sequence[str]]
Find = Callable[[str, Sequence[Sample], str], Finding]


@dataclass(frozen=True)
class Together:
    """Scores of different items, averaged: `tasks` are one after the other, each with how many
    items it has and the evidence of its measures."""

    tasks: Sequence[tuple[int, Sequence[Evidence]]]

    @property
    def items(self) -> int:
        return sum(count for count, _ in self.tasks)

    def value(self) -> float:
        return float(np.mean([np.mean([one.value() for one in many]) for _, many in self.tasks]))

    def again(self, drawn: Matrix, owners: Places) -> Matrix:
        """No source is in two tasks, so each task's are neighbours."""
        found, begin = [], 0
        for count, many in self.tasks:
            own = owners[begin : begin + count]
            first, last = own.min(), own.max() + 1
            mine = [one.again(drawn[:, first:last], own - first) for one in many]
            found.append(np.mean(mine, axis=0))
            begin += count
        return np.asarray(np.mean(found, axis=0))


def averaged(pack: Averaged, items: Mapping[str, Sequence[Sample]], find: Find) -> Together:
    """`find(task, samples, measure)` gives a measure's finding."""
    return Together(
        [
            (len(items[task]), [find(task, items[task], name).evidence for name in measures])
            for task, measures in pack.items()
        ]
    )


def sources_of(items: Mapping[str, Sequence[Sample]], tasks: Sequence[str]) -> list[str]:
    """Told apart by task: the same paragraph in two tasks is two things."""
    return [f"{task}/{sample['cluster']}" for task in tasks for sample in items[task]]


def measured(
    name: str, version: str, evidence: Together, sources: Sequence[str], signature: str
) -> Measured:
    sure = interval(evidence, sources)
    return Measured(
        task=name,
        task_version=version,
        measure=AVERAGE,
        main=True,
        value=evidence.value(),
        n=evidence.items,
        low=sure.low,
        high=sure.high,
        method=sure.method,
        signature=signature[:400],
    )


def convention(pack: Averaged) -> str:
    """Tasks with several measures are named; of the others it is the first."""
    several = [f"{task}:{'+'.join(names)}" for task, names in pack.items() if len(names) > 1]
    return "|".join([f"average|of:{len(pack)} tasks, each once", *several])


def version_of(pack: str, tasks: Sequence[str]) -> str:
    """The pack's own, and what its tasks are where one is not the published whole."""
    if not any("+" in each for each in tasks):
        return pack
    return f"{pack}+{sha256(','.join(tasks).encode()).hexdigest()[:8]}"
