"""What an evaluation measured, and what it found: the end of every lineage."""

from collections.abc import Collection
from uuid import UUID

from accounts.models import User
from evaluation.models import EvaluationRun, Score
from llmkit.lineage import Links, Node, Ref, numbers, ref
from training.lineage import DATASET, MODEL, limited

EVALUATION = "evaluation"


def nodes(refs: Collection[Ref], user: User) -> dict[Ref, Node]:
    seen = EvaluationRun.objects.seen_by(user).filter(pk__in=uuids(refs))
    runs = list(seen.select_related("model", "system"))
    scores = Score.objects.main().filter(run__in=runs)
    told: dict[object, list[str]] = {}
    for score in scores:
        told.setdefault(score.run_id, []).append(str(score))
    return {ref(EVALUATION, run.pk): node(run, told.get(run.pk, [])) for run in runs}


def node(run: EvaluationRun, told: list[str]) -> Node:
    address = getattr(run, "get_absolute_url", None)
    return Node(
        ref(EVALUATION, run.pk),
        "Score",
        ", ".join(told[:2]) or run.matter,
        str(address()) if address else "",
        run.name,
    )


def uuids(refs: Collection[Ref]) -> list[UUID]:
    found = []
    for one in refs:
        if one.kind == EVALUATION:
            try:
                found.append(UUID(one.key))
            except ValueError:
                continue
    return found


def parents(refs: Collection[Ref], user: User, most: int) -> Links:
    runs = EvaluationRun.objects.seen_by(user).filter(pk__in=uuids(refs))
    found = Links()
    for run, model, dataset in runs.values_list("pk", "model", "dataset"):
        above = [ref(MODEL, model)] * bool(model) + [ref(DATASET, dataset)] * bool(dataset)
        found.pairs += [(parent, ref(EVALUATION, run)) for parent in above]
    return found


def children(refs: Collection[Ref], user: User, most: int) -> Links:
    seen = EvaluationRun.objects.seen_by(user).done().order_by("-ended_at")
    of_models = seen.filter(model__in=numbers(refs, MODEL)).values_list("model", "pk")
    of_data = seen.filter(dataset__in=numbers(refs, DATASET)).values_list("dataset", "pk")
    found = limited([(ref(MODEL, m), ref(EVALUATION, r)) for m, r in of_models], most, "scores")
    pairs = [(ref(DATASET, d), ref(EVALUATION, run)) for d, run in of_data]
    found.extend(limited(pairs, most, "scores"))
    return found
