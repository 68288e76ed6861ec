"""What model versions, runs and dataset versions come from, and what came of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.access import ADMIN, is_in_group, may_enter
from accounts.models import User
from llmkit.lineage import Links, More, Node, Ref, numbers, ref
from training.models import Dataset, DatasetVersion, ModelVersion, TrainingData, TrainingJob
from training.version_story import method_label

MODEL, RUN, DATASET = "model", "run", "dataset"


def nodes(refs: Collection[Ref], user: User) -> dict[Ref, Node]:
    models = ModelVersion.objects.known().filter(pk__in=numbers(refs, MODEL))
    return {
        **{ref(MODEL, one.pk): model_node(one) for one in models},
        **{ref(RUN, one.pk): run_node(one) for one in runs_seen(user).filter(pk__in=uuids(refs))},
        **{ref(DATASET, v.pk): dataset_node(v) for v in datasets_seen(refs, user)},
    }


def model_node(version: ModelVersion) -> Node:
    what = str(version.get_kind_display())
    return Node(
        ref(MODEL, version.pk), what, version.name, version.get_absolute_url(), version.licence
    )


def run_node(job: TrainingJob) -> Node:
    url = job.get_absolute_url()
    return Node(ref(RUN, job.pk), "Run", job.name, url, method_label(job.method))


def dataset_node(version: DatasetVersion) -> Node:
    note = f"{version.rows:,} rows"
    return Node(ref(DATASET, version.pk), "Dataset", str(version), version.get_absolute_url(), note)


def runs_seen(user: User) -> "QuerySet[TrainingJob]":
    if not may_enter(user, "training"):
        return TrainingJob.objects.none()
    return TrainingJob.objects.of(user, everyone=is_in_group(user, ADMIN))


def datasets_seen(refs: Collection[Ref], user: User) -> Iterable[DatasetVersion]:
    if not may_enter(user, "datasets"):
        return ()
    seen = Dataset.objects.seen_by(user)
    found = DatasetVersion.objects.filter(pk__in=numbers(refs, DATASET), dataset__in=seen)
    return found.select_related("dataset")


def uuids(refs: Iterable[Ref]) -> list[UUID]:
    """The keys that are those of runs."""
    found = []
    for one in refs:
        if one.kind == RUN:
            try:
                found.append(UUID(one.key))
            except ValueError:
                continue
    return found


def parents(refs: Collection[Ref], user: User, most: int) -> Links:
    models, runs = numbers(refs, MODEL), uuids(refs)
    found = Links()
    made = runs_seen(user).filter(produced__in=models).values_list("produced", "pk")
    found.pairs += [(ref(RUN, job), ref(MODEL, model)) for model, job in made]
    found.pairs += [
        (ref(MODEL, above), ref(MODEL, pk))
        for pk, *both in rows(models)
        for above in dict.fromkeys(both)
        if above is not None
    ]
    jobs = runs_seen(user).filter(pk__in=runs)
    for job in jobs:
        given = (job.model_id, job.adapter_id, job.reward_model_id)
        found.pairs += [(ref(MODEL, pk), ref(RUN, job.pk)) for pk in given if pk is not None]
    data = TrainingData.objects.filter(job__in=jobs).values_list("version", "job")
    found.pairs += [(ref(DATASET, version), ref(RUN, job)) for version, job in data]
    return found


def rows(models: Collection[int]) -> list[tuple[int, int | None, int | None]]:
    known = ModelVersion.objects.known().filter(pk__in=models)
    return list(known.values_list("pk", "parent", "base"))


def children(refs: Collection[Ref], user: User, most: int) -> Links:
    found = below_models(numbers(refs, MODEL), user, most)
    made = runs_seen(user).filter(pk__in=uuids(refs), produced__isnull=False)
    found.pairs += [
        (ref(RUN, job), ref(MODEL, model)) for job, model in made.values_list("pk", "produced")
    ]
    datasets = numbers(refs, DATASET)
    data = TrainingData.objects.filter(version__in=datasets, job__in=runs_seen(user))
    pairs = [(ref(DATASET, v), ref(RUN, job)) for v, job in data.values_list("version", "job")]
    found.extend(limited(pairs, most, "runs"))
    return found


def below_models(models: Collection[int], user: User, most: int) -> Links:
    """The runs that held them in a slot, and the versions on or from them that no such run made."""
    wanted = set(models)
    jobs = runs_seen(user).filter(
        Q(model__in=wanted) | Q(adapter__in=wanted) | Q(reward_model__in=wanted)
    )
    slots = jobs.order_by("-created_at").values_list("pk", "model", "adapter", "reward_model")
    held = [
        (ref(MODEL, pk), ref(RUN, job))
        for job, *given in slots
        for pk in dict.fromkeys(given)
        if pk in wanted
    ]
    found = limited(held, most, "runs")
    known = ModelVersion.objects.known().filter(Q(parent__in=wanted) | Q(base__in=wanted))
    told = known.exclude(made_by__in=jobs).order_by("-pk").values_list("pk", "parent", "base")
    pairs = [
        (ref(MODEL, above), ref(MODEL, pk))
        for pk, *both in told
        for above in dict.fromkeys(both)
        if above in wanted
    ]
    found.extend(limited(pairs, most, "versions"))
    return found


def limited(pairs: Iterable[tuple[Ref, Ref]], most: int, what: str, url: str = "") -> Links:
    """At most so many children of each, and how many more there are."""
    by_parent: dict[Ref, list[Ref]] = defaultdict(list)
    for parent, child in pairs:
        by_parent[parent].append(child)
    found = Links()
    for parent, below in by_parent.items():
        found.pairs += [(parent, child) for child in below[:most]]
        if len(below) > most:
            found.more.append(More(parent, below[0].kind, len(below) - most, what, url))
    return found
