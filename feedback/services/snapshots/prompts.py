"""The root turns of a project and where each one is placed.

Which older prompts a prompt is nearly the same as is worked out once and kept: it takes a
millisecond for each, and never changes. Placing is then a pass over the keys.
"""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from feedback.models import Project, PromptGroup, RankingTask
from feedback.rules import texts
from feedback.rules.nearby import NearDuplicates, Remembered, packed
from feedback.rules.splits import Group, Placed, place
from feedback.services.snapshots.recipe import Recipe

Progress = Callable[[str, int, int], None]
COMPARING = "Looking for prompts that are nearly the same"
PART = 250


def unheard(phase: str, done: int, total: int) -> None:
    """For those who don't want to know how far it is."""


def placed_groups(project: Project, recipe: Recipe) -> Placed:
    """The split of every group that is known. Groups are read in the order in which they came,
    ranked or not, so that ranking one later moves nothing."""
    near = dict(project.prompt_groups.order_by("number").values_list("key", "near"))
    groups = (Group(key) for key in near)
    return place(groups, recipe.shares, seed=recipe.seed, nearby=Remembered(near))


def unknown_groups(project: Project) -> dict[str, int]:
    """Keys that have not been compared yet, each with its oldest task, in order of these."""
    known = PromptGroup.objects.filter(project=project).values("key")
    found = project.tasks.exclude(group_key__in=known).values("group_key")
    oldest = found.annotate(oldest=Min("pk")).order_by("oldest")
    return dict(oldest.values_list("group_key", "oldest"))


def learn(project: Project, told: Progress = unheard) -> None:
    """Compare what is new with what is older. Two workers at once do no harm: the database
    refuses the second to take a number, who then reads anew."""
    while new := unknown_groups(project):
        index = index_of(project)
        keys, done = list(new.items()), 0
        while done < len(keys) and kept(project, keys[done : done + PART], index):
            done += PART
            told(COMPARING, min(done, len(keys)), len(keys))


def index_of(project: Project) -> NearDuplicates:
    known = project.prompt_groups.order_by("number")
    tasks = dict(known.values_list("key", "task_id"))
    index = NearDuplicates(lambda key: root_text(RankingTask.objects.get(pk=tasks[key])))
    for key, signature in known.values_list("key", "signature"):
        index.restore(key, bytes(signature))
    return index


def kept(project: Project, new: list[tuple[str, int]], index: NearDuplicates) -> bool:
    """Whether the next groups were stored; not where another worker was faster."""
    number = project.prompt_groups.aggregate(last=Max("number"))["last"] or 0
    tasks = project.tasks.in_bulk([pk for _, pk in new])
    rows = [
        group_row(project, number + place, tasks[pk], index)
        for place, (_, pk) in enumerate(new, start=1)
    ]
    try:
        with transaction.atomic():
            PromptGroup.objects.bulk_create(rows)
    except IntegrityError:
        return False
    return True


def group_row(
    project: Project, number: int, task: RankingTask, index: NearDuplicates
) -> PromptGroup:
    group = Group(task.group_key, root_text(task))
    near = index.near(group)
    index.add(group)
    return PromptGroup(
        project=project,
        number=number,
        key=group.key,
        task=task,
        near=near,
        signature=packed(group.text),
    )


def root_text(task: RankingTask) -> str:
    return texts.normalised(texts.root_turn(task.messages))
