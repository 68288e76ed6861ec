"""The annotations that may be trained on, task by task."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from feedback.models import Annotation, Candidate, CandidateSet, Labeler, Project, RankingTask
from feedback.rules.pairs import Derived, derive
from feedback.services.snapshots.recipe import Recipe
from feedback.services.snapshots.standing import VOIDED, Facts, is_ai, is_rule, left_out

AT_ONCE = 500
PEOPLE, MODEL, RULE = "people", "model", "rule"
Written = dict[int, dict[int, set[int]]]


@dataclass(frozen=True)
class Judged:
    """A task with the annotations that count, all on the newest version of its candidates, and
    the reasons why other current ones do not, by annotation."""

    task: RankingTask
    annotations: list[Annotation]
    texts: list[str]
    left_out: dict[int, str]

    @cached_property
    def derived(self) -> list[Derived]:
        return [derive(annotation.ranking) for annotation in self.annotations]

    @cached_property
    def by_model(self) -> bool:
        return any(is_ai(annotation) for annotation in self.annotations)

    @cached_property
    def by_rule(self) -> bool:
        return any(is_rule(annotation) for annotation in self.annotations)

    @property
    def by_whom(self) -> str:
        """As the rows say it: where models and rules ranked side by side, the rule is named."""
        if self.by_rule:
            return RULE
        return MODEL if self.by_model else PEOPLE


def judged_tasks(project: Project, recipe: Recipe) -> Iterator[Judged]:
    """Every task that somebody's current annotation is about, oldest first."""
    keys = list(annotated(project).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        some = project.tasks.filter(pk__in=keys[start : start + AT_ONCE])
        yield from judged_among(some, recipe)


def annotated(project: Project) -> "QuerySet[RankingTask]":
    """Tasks that somebody has said something about, whether it counts or not."""
    return project.tasks.filter(pk__in=Annotation.objects.of(project).values("task"))


def judged_among(tasks: "QuerySet[RankingTask]", recipe: Recipe) -> list[Judged]:
    """The same for these tasks alone, read together."""
    by_pk = {task.pk: task for task in tasks.order_by("pk")}
    sets = {found.pk: found for found in CandidateSet.objects.filter(task__in=by_pk)}
    newest = {found.task_id: found for found in sorted(sets.values(), key=lambda s: s.version)}
    found = current_of(by_pk, sets)
    said, written = answers_of(by_pk)
    return [
        judged(Facts(task, newest[pk], written[pk]), found[pk], said, recipe)
        for pk, task in by_pk.items()
        if pk in found
    ]


def judged(
    facts: Facts, found: Sequence[Annotation], said: Mapping[int, str], recipe: Recipe
) -> Judged:
    reasons = left_out(facts, found, recipe)
    kept = [annotation for annotation in found if annotation.pk not in reasons]
    return Judged(facts.task, kept, [said[pk] for pk in facts.newest_set.candidates], reasons)


def answers_of(tasks: Collection[int]) -> tuple[dict[int, str], Written]:
    """The text of every candidate, and by task which ones each labeler wrote."""
    said: dict[int, str] = {}
    written: Written = defaultdict(lambda: defaultdict(set))
    found = Candidate.objects.filter(task__in=tasks)
    for pk, task, text, author in found.values_list("pk", "task_id", "text", "author_id"):
        said[pk] = text
        if author is not None:
            written[task][author].add(pk)
    return said, written


def current_of(
    tasks: Mapping[int, RankingTask], sets: Mapping[int, CandidateSet]
) -> dict[int, list[Annotation]]:
    """The current annotations of each task, by labeler; what many share is read once."""
    current = Annotation.objects.current().filter(task__in=tasks).order_by("labeler_id")
    annotations = list(current.select_related("edit__parent"))
    labelers = Labeler.objects.in_bulk({annotation.labeler_id for annotation in annotations})
    found: dict[int, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        annotation.task = tasks[annotation.task_id]
        annotation.candidate_set = sets[annotation.candidate_set_id]
        annotation.labeler = labelers[annotation.labeler_id]
        found[annotation.task_id].append(annotation)
    return found


def voided_in(project: Project) -> Counter[str]:
    """Rankings that somebody voided, whatever came after them."""
    return Counter({VOIDED: Annotation.objects.of(project).exclude(voided_at=None).count()})
