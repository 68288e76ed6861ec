"""What ranking tasks and annotations come from, and the dataset versions that came of them."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from feedback.models import Annotation, CandidateSource, Project, RankingTask
from llmkit.lineage import Links, More, Node, Ref, numbers, ref
from training.lineage import DATASET, MODEL, limited
from training.models import DatasetVersion, FormerName, ModelVersion

TASK, ANNOTATION = "task", "annotation"
EXCERPT = 60
VERSIONS_LOOKED_AT = 50


def tasks_seen(user: User) -> "QuerySet[RankingTask]":
    return RankingTask.objects.filter(project__in=Project.objects.managed_by(user))


def said_by_seen(user: User) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(task__project__in=Project.objects.managed_by(user))


def nodes(refs: Collection[Ref], user: User) -> dict[Ref, Node]:
    tasks = tasks_seen(user).filter(pk__in=numbers(refs, TASK)).select_related("project")
    said = said_by_seen(user).filter(pk__in=numbers(refs, ANNOTATION))
    said = said.select_related("task__project", "labeler")
    return {
        **{ref(TASK, task.pk): task_node(task) for task in tasks},
        **{ref(ANNOTATION, one.pk): annotation_node(one) for one in said},
    }


def address(task: RankingTask) -> str:
    return reverse("feedback:task", args=[task.project.slug, task.pk])


def task_node(task: RankingTask) -> Node:
    asked = str(task.messages[-1].get("content", "")) if task.messages else ""
    words = " ".join(asked.split())[:EXCERPT]
    name = words or f"Task {task.pk}"
    return Node(ref(TASK, task.pk), "Task", name, address(task), str(task.project))


def annotation_node(one: Annotation) -> Node:
    name = f"{one.labeler.name}, revision {one.revision}"
    return Node(
        ref(ANNOTATION, one.pk), "Annotation", name, address(one.task), str(one.task.project)
    )


def parents(refs: Collection[Ref], user: User, most: int) -> Links:
    """A dataset version's annotations, an annotation's task, and the models that answered."""
    found = frozen_from(numbers(refs, DATASET), user, most)
    said = said_by_seen(user).filter(pk__in=numbers(refs, ANNOTATION))
    found.pairs += [
        (ref(TASK, task), ref(ANNOTATION, pk)) for pk, task in said.values_list("pk", "task")
    ]
    found.extend(answered_by(numbers(refs, TASK), user, most))
    return found


def frozen_from(versions: Collection[int], user: User, most: int) -> Links:
    """Of hundreds of annotations the first few; the rest stand on the version's page of pairs."""
    found = Links()
    managed = dict(Project.objects.managed_by(user).values_list("pk", "slug"))
    rows = DatasetVersion.objects.filter(pk__in=versions).values_list("pk", "source")
    for pk, source in rows:
        slug, keys = managed.get(source.get("project")), source.get("annotations", [])
        if slug is None:
            continue
        child = ref(DATASET, pk)
        found.pairs += [(ref(ANNOTATION, key), child) for key in keys[:most]]
        if len(keys) > most:
            url = reverse("feedback:frozen", args=[slug, pk])
            found.more.append(More(child, ANNOTATION, len(keys) - most, "annotations", url))
    return found


def answered_by(tasks: Collection[int], user: User, most: int) -> Links:
    """The models of this site whose answers are ranked, unless a chat's answer stands between."""
    seen = tasks_seen(user).filter(pk__in=tasks)
    sources = CandidateSource.objects.filter(candidate__task__in=seen, message=None)
    named = sources.exclude(model="").values_list("candidate__task", "model").distinct()
    rows = list(named.order_by("candidate__task", "model"))
    versions = versions_called({model for _, model in rows})
    pairs = [
        (ref(TASK, task), ref(MODEL, versions[model])) for task, model in rows if model in versions
    ]
    return turned(limited(pairs, most, "models"))


def turned(links: Links) -> Links:
    """Parents instead of children."""
    return Links([(child, parent) for parent, child in links.pairs], links.more)


def versions_called(names: Collection[str]) -> dict[str, int]:
    """By any name that one had: a version's id."""
    former = FormerName.objects.filter(name__in=names).values_list("name", "version")
    known = ModelVersion.objects.known().filter(name__in=names).values_list("name", "pk")
    return {**dict(former), **dict(known)}


def children(refs: Collection[Ref], user: User, most: int) -> Links:
    tasks = said_by_seen(user).filter(task__in=numbers(refs, TASK))
    pairs = [
        (ref(TASK, task), ref(ANNOTATION, pk))
        for task, pk in tasks.order_by("pk").values_list("task", "pk")
    ]
    found = limited(pairs, most, "annotations")
    found.extend(frozen_into(numbers(refs, ANNOTATION), user, most))
    return found


def frozen_into(said: Collection[int], user: User, most: int) -> Links:
    """The newest dataset versions that were made with these annotations."""
    wanted = said_by_seen(user).filter(pk__in=said).values_list("task__project", "pk")
    by_project: dict[int, set[int]] = defaultdict(set)
    for project, pk in wanted:
        by_project[project].add(pk)
    rows = DatasetVersion.objects.filter(source__project__in=list(by_project)).order_by("-pk")
    pairs = [
        (ref(ANNOTATION, key), ref(DATASET, pk))
        for pk, source in rows.values_list("pk", "source")[:VERSIONS_LOOKED_AT]
        for key in by_project[source["project"]].intersection(source.get("annotations", ()))
    ]
    return limited(pairs, most, "dataset versions")
