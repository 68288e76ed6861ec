"""What tuning cost: models held against the one they were trained from, on everything that both
were measured on in the same way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.models import EvaluationRun
from evaluation.services import comparing
from evaluation.services.comparing import Comparison, Pair
from evaluation.services.errors import EvaluationsError
from training.models import ModelVersion, TrainingJob

if TYPE_CHECKING:
    from accounts.models import User

MOST = 12


@dataclass(frozen=True)
class Tuned:
    """A model made from the parent, by which method; `changes` by task and measure."""

    model: ModelVersion
    method: str
    changes: dict[tuple[str, str], Comparison]

    @property
    def mean(self) -> float | None:
        """Of all changes for the better or worse, each in its own unit of one."""
        found = [better(one) for one in self.changes.values()]
        return sum(found) / len(found) if found else None


def better(one: Comparison) -> float:
    """The change, above 0 where it is for the better; a measure that runs to 100 as if to 1."""
    value = one.difference.value / (100 if max(map(abs, one.scores)) > 1.5 else 1)
    return value if one.higher_is_better else -value


def parents(user: "User") -> list[ModelVersion]:
    """Models that were measured, and from which measured models were trained."""
    measured = EvaluationRun.objects.seen_by(user).done().values("model")
    children = ModelVersion.objects.filter(pk__in=measured, parent__in=measured)
    return list(ModelVersion.objects.filter(pk__in=children.values("parent")).order_by("name"))


def tuned(parent: ModelVersion, user: "User") -> list[Tuned]:
    """The newest ones made from it, each with what changed."""
    seen = EvaluationRun.objects.seen_by(user)
    made = ModelVersion.objects.known().filter(parent=parent, pk__in=seen.done().values("model"))
    children = list(made.order_by("-created_at")[:MOST])
    methods = dict(
        TrainingJob.objects.filter(produced__in=children).values_list("produced", "method")
    )
    wanted = [parent, *children]
    newest = seen.filter(model__in=wanted).newest().select_related("model", "system")
    runs = list(newest.prefetch_related("scores"))
    return [
        Tuned(child, methods.get(child.pk, ""), changes(of(child, runs), of(parent, runs)))
        for child in children
    ]


def of(model: ModelVersion, runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    return [run for run in runs if run.model_id == model.pk]


def changes(
    after: Sequence[EvaluationRun], before: Sequence[EvaluationRun]
) -> dict[tuple[str, str], Comparison]:
    """With Holm's correction over all of them."""
    found: list[Comparison] = []
    for run in after:
        other = next((one for one in before if comparing.alike(run, one)), None)
        if other is not None:
            found += compared(Pair(run, other))
    return {(one.task, one.measure): one for one in comparing.corrected(found)}


def compared(pair: Pair) -> list[Comparison]:
    try:
        return comparing.compare(pair)
    except EvaluationsError:
        return []
