"""The annotations that may be trained on, task by task, and the groups that splits are made of."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from feedback.models import Annotation, Candidate, Labeler, Project, RankingTask
from feedback.rules import texts
from feedback.rules.pairs import Derived, derive
from feedback.rules.splits import Group

GOLD = "gold task"
AI = "ranked by a model"
OVERRULED = "overruled by an adjudication"
OLD_SET = "ranked an older version of the candidates"


@dataclass(frozen=True)
class Judged:
    """A task with the annotations that count, all on one version of its candidates."""

    task: RankingTask
    annotations: list[Annotation]
    texts: list[str]

    @property
    def derived(self) -> list[Derived]:
        return [derive(annotation.ranking) for annotation in self.annotations]


def judged_tasks(
    project: Project, dropped: Counter[str], *, include_ai: bool = False
) -> Iterator[Judged]:
    """Tasks with annotations that may be trained on, oldest first."""
    by_task: dict[int, list[Annotation]] = {}
    for annotation in usable(project, dropped, include_ai):
        by_task.setdefault(annotation.task_id, []).append(annotation)
    said = dict(Candidate.objects.filter(task__project=project).values_list("pk", "text"))
    for task in project.tasks.open().order_by("pk"):
        if task.pk in by_task:
            yield on_newest_set(task, decided(by_task[task.pk], dropped), said, dropped)


def usable(project: Project, dropped: Counter[str], include_ai: bool) -> Iterator[Annotation]:
    found = Annotation.objects.of(project).current().order_by("task_id", "labeler_id")
    for annotation in found.select_related("candidate_set", "edit__parent", "labeler", "task"):
        if annotation.task.gold is not None:
            dropped[GOLD] += 1
        elif annotation.labeler.kind == Labeler.Kind.AI and not include_ai:
            dropped[AI] += 1
        else:
            yield annotation


def decided(found: list[Annotation], dropped: Counter[str]) -> list[Annotation]:
    """The adjudication alone where there is one, else all of them."""
    adjudicated = [a for a in found if a.source == Annotation.Source.ADJUDICATION]
    kept = adjudicated or found
    dropped.update({OVERRULED: len(found) - len(kept)})
    return kept


def on_newest_set(
    task: RankingTask, found: list[Annotation], said: Mapping[int, str], dropped: Counter[str]
) -> Judged:
    newest = max((a.candidate_set for a in found), key=lambda candidates: candidates.version)
    kept = [a for a in found if a.candidate_set_id == newest.pk]
    dropped.update({OLD_SET: len(found) - len(kept)})
    return Judged(task, kept, [said[pk] for pk in newest.candidates])


def groups_of(project: Project) -> Iterator[Group]:
    """Every root turn of the project, oldest first, whether it has been ranked or not.

    Unranked ones take part so that ranking one later moves nothing.
    """
    for task in project.tasks.order_by("pk").only("group_key", "messages"):
        yield Group(task.group_key, texts.normalised(texts.root_turn(task.messages)))
