"""How far the people of a project agree, from the annotations that count now.

A unit is a pair of candidates of one task, a judgement 1, 0 or -1 by the pair rules, so ties count
and all-bad says nothing. Whole tasks are drawn for the intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedback.measures.intervals import bootstrap
from feedback.measures.kappa import cohen_kappas, fleiss_kappa
from feedback.measures.krippendorff import alpha
from feedback.measures.ranks import kendall_w, mean_tau, ranks
from feedback.models import Annotation, Labeler, Project
from feedback.rules.pairs import derive
from feedback.rules.votes import outcomes

Judgements = list[list[float]]
NAN = float("nan")


@dataclass(frozen=True)
class TaskJudgements:
    """One task: `pairs` [units, labelers] of -1, 0, 1 or NaN, and complete rank vectors."""

    pairs: Judgements
    vectors: list[list[float]]


def agreement(
    *, project: Project, kind: str | None = None, uniform: bool = False
) -> dict[str, Any]:
    """The measures of a project with 95 % intervals; `kind` limits them to labelers of a kind,
    `uniform` to tasks that doubt did not choose.

    A measure is None where nothing was judged twice.
    """
    annotations = Annotation.objects.of(project).current().select_related("candidate_set", "edit")
    if kind is not None:
        annotations = annotations.filter(labeler__kind=kind)
    if uniform:
        annotations = annotations.uniform()
    people = sorted({annotation.labeler_id for annotation in annotations})
    tasks = judgements(list(annotations), people)
    kappas = cohen_kappas(pooled(tasks, len(people)))
    names = dict(Labeler.objects.filter(pk__in=people).values_list("pk", "name"))
    return {
        "krippendorff_nominal": alpha(pooled(tasks, len(people))),
        "krippendorff_ordinal": alpha(pooled(tasks, len(people)), "ordinal"),
        "fleiss_kappa": fleiss_kappa(pooled(tasks, len(people))),
        "cohen_kappa": mean(list(kappas.values())),
        "kendall_w": mean_w(tasks),
        "n_units": sum(judged_twice(task.pairs) for task in tasks),
        "kendall_tau": mean_of(mean_tau(task.vectors) for task in tasks),
        "cohen_kappa_by_pair": {
            f"{names[people[a]]} | {names[people[b]]}": kappa for (a, b), kappa in kappas.items()
        },
        "intervals": intervals(tasks, len(people)),
        "n_tasks": len(tasks),
        "n_labelers": len(people),
    }


def judgements(annotations: Sequence[Annotation], people: Sequence[int]) -> list[TaskJudgements]:
    """By task; people who ranked another version of the candidate set count as another unit."""
    by_set: dict[int, list[Annotation]] = {}
    for annotation in annotations:
        by_set.setdefault(annotation.candidate_set_id, []).append(annotation)
    return [of_one_set(group, people) for group in by_set.values()]


def of_one_set(group: Sequence[Annotation], people: Sequence[int]) -> TaskJudgements:
    size = group[0].candidate_set.size
    keys = [(i, j) for i in range(size) for j in range(i + 1, size)]
    pairs = [[NAN] * len(people) for _ in keys]
    for annotation in group:
        said = outcomes(derive(annotation.ranking))
        column = people.index(annotation.labeler_id)
        for row, key in zip(pairs, keys, strict=True):
            row[column] = said.get(key, NAN)
    vectors = [ranks(a.tiers, size) for a in group if not a.all_bad and not a.unranked]
    return TaskJudgements(pairs, vectors)


def pooled(tasks: Sequence[TaskJudgements], people: int) -> Judgements:
    return [row for task in tasks for row in task.pairs] or [[NAN] * max(people, 1)]


def judged_twice(pairs: Judgements) -> int:
    return sum(sum(value == value for value in row) >= 2 for row in pairs)


def mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def mean_of(values: Any) -> float | None:
    return mean([value for value in values if value is not None])


def mean_w(tasks: Sequence[TaskJudgements]) -> float | None:
    """Kendall's W of every task that two or more people ranked whole, averaged over tasks."""
    return mean_of(kendall_w(task.vectors) for task in tasks if len(task.vectors) > 1)


def intervals(tasks: Sequence[TaskJudgements], people: int) -> dict[str, Any]:
    twice = [task for task in tasks if judged_twice(task.pairs)]
    measures = {
        "krippendorff_nominal": lambda drawn: alpha(pooled(drawn, people)),
        "krippendorff_ordinal": lambda drawn: alpha(pooled(drawn, people), "ordinal"),
        "fleiss_kappa": lambda drawn: fleiss_kappa(pooled(drawn, people)),
        "kendall_w": mean_w,
    }
    return {name: bootstrap(twice, measure) for name, measure in measures.items()}
