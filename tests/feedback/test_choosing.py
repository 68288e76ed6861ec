"""Which task a person gets: gold tasks and repeats among the others, order by chance or doubt."""

import random
from typing import Any

import pytest

from accounts.models import User
from feedback.models import Annotation, Assignment, Labeler, Project, RankingTask
from feedback.services import labeling, projects
from feedback.services.agreement import agreement
from feedback.services.labeling.choosing import ahead
from feedback.services.snapshots.gathering import judged_tasks
from feedback.services.snapshots.recipe import Recipe
from tests.feedback.test_labeling import FIRST_WINS, claimed, new_task

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def _same_chance_every_time() -> None:
    random.seed(7)


def project_with(owner: User, tasks: int, gold: int = 0, **choices: Any) -> Project:
    """The last `gold` tasks are gold tasks."""
    project = projects.create(owner=owner, name="Chosen", **choices)
    made = [new_task(project, number) for number in range(tasks + gold)]
    for task in made[tasks:]:
        best, worst = task.current_set.candidates
        RankingTask.objects.filter(pk=task.pk).update(gold={"tiers": [[best], [worst]]})
    return project


def ranked_by(labeler: Labeler) -> list[Assignment]:
    """Everything that this person is given, one after the other; what is left falls by one."""
    done: list[Assignment] = []
    project = labeler.project
    left = labeling.left_for(project, labeler)
    while (mine := labeling.claim_next(project=project, labeler=labeler)) is not None:
        labeling.submit(assignment=mine, key=f"{labeler.pk}:{mine.pk}", ranking=FIRST_WINS)
        done.append(mine)
        assert labeling.left_for(project, labeler) == left - len(done)
    return done


def people(project: Project, *users: User) -> list[Labeler]:
    return [labeling.labeler_of(project=project, user=user) for user in users]


def test_gold_tasks_come_at_their_share_to_everybody_beside_the_overlap(
    owner: User, member: User
) -> None:
    project = project_with(owner, 16, 8, gold_share=0.2, overlap=2)
    for labeler in people(project, owner, member):
        done = ranked_by(labeler)
        gold = [mine for mine in done if mine.task.gold is not None]
        assert (len(done), len(gold)) == (20, 4)
        assert all(mine.slot is None and not mine.chosen_uniformly for mine in gold)
    assert all(task.assignments.holding().count() == 2 for task in project.tasks.all()[:16])
    used = [judged for judged in judged_tasks(project, Recipe()) if judged.annotations]
    assert len(used) == 16 and not any(judged.task.gold for judged in used)


def test_a_project_of_gold_tasks_alone_gives_them_all(owner: User) -> None:
    project = project_with(owner, 0, 3)
    assert len(ranked_by(*people(project, owner))) == 3


def test_repeats_come_later_and_never_count(owner: User) -> None:
    project = project_with(owner, 16, gold_share=0, repeat_share=0.25)
    [ada] = people(project, owner)
    done = []
    while (mine := labeling.claim_next(project=project, labeler=ada)) is not None:
        labeling.submit(assignment=mine, key=str(mine.pk), ranking=FIRST_WINS)
        done.append(mine)
    repeats = [mine for mine in done if mine.repeat]
    assert 1 <= len(repeats) <= 5
    for mine in repeats:
        earlier = [other.task_id for other in done].index(mine.task_id)
        assert done.index(mine) - earlier > 10
    assert Annotation.objects.current().count() == 16
    assert Annotation.objects.repeats().count() == len(repeats)
    assert all(task.assignments.holding().count() == 1 for task in project.tasks.all())


def test_undoing_a_repeat_leaves_the_first_ranking_as_it_was(owner: User) -> None:
    project = project_with(owner, 16, gold_share=0, repeat_share=0.25)
    [ada] = people(project, owner)
    mine = claimed(project, ada)
    while not mine.repeat:
        labeling.submit(assignment=mine, key=str(mine.pk), ranking=FIRST_WINS)
        mine = claimed(project, ada)
    labeling.submit(assignment=mine, key="again", ranking=FIRST_WINS)
    labeling.undo(assignment=mine, key="undo")
    assert not Annotation.objects.repeats().exists()
    assert Annotation.objects.current().filter(task=mine.task, revision=1).count() == 1


def test_priority_comes_first_then_begun_tasks_then_chance(owner: User, member: User) -> None:
    project = project_with(owner, 20, overlap=2)
    ada, bob = people(project, owner, member)
    urgent = project.tasks.get(external_id="19")
    RankingTask.objects.filter(pk=urgent.pk).update(priority=1)
    assert claimed(project, ada).task == urgent
    RankingTask.objects.update(priority=0)
    assert claimed(project, bob).task == urgent
    firsts = {ahead(project, bob)[0][0].pk for _ in range(30)}
    assert len(firsts) > 5


def test_doubt_chooses_except_for_the_uniform_share_and_a_task_keeps_how_it_was_begun(
    owner: User, member: User
) -> None:
    project = project_with(owner, 20, overlap=2, order=Project.Order.DOUBT, uniform_share=0.25)
    for task in project.tasks.all():
        RankingTask.objects.filter(pk=task.pk).update(doubt=int(task.external_id) / 20)
    ada, bob = people(project, owner, member)
    done = ranked_by(ada)
    by_doubt = [mine.task.doubt or 0 for mine in done if not mine.chosen_uniformly]
    assert by_doubt == sorted(by_doubt, reverse=True)
    assert 1 <= len(done) - len(by_doubt) <= 10
    ranked_by(bob)
    ways: dict[int, set[bool]] = {
        task: set() for task in project.tasks.values_list("pk", flat=True)
    }
    for mine in Assignment.objects.all():
        ways[mine.task_id].add(mine.chosen_uniformly)
    assert all(len(way) == 1 for way in ways.values())
    assert Annotation.objects.uniform().count() == 2 * (len(done) - len(by_doubt))
    assert agreement(project=project, uniform=True)["n_tasks"] == len(done) - len(by_doubt)


def test_without_any_doubt_known_every_task_is_drawn_by_chance(owner: User) -> None:
    project = project_with(owner, 3, order=Project.Order.DOUBT, uniform_share=0)
    assert claimed(project, *people(project, owner)).chosen_uniformly
