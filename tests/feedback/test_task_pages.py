"""The list of tasks and the page of one: found, looked into, changed, withdrawn, made gold."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from feedback.models import Annotation, Project, RankingTask
from feedback.services import labeling
from feedback.services.labeling import claims
from tests.feedback.test_project_pages import SignedIn, rank, task_in, text

pytestmark = pytest.mark.django_db


def address(task: RankingTask, act: str = "") -> str:
    return f"/feedback/{task.project.slug}/tasks/{task.pk}/{act}"


def said(manager: Client, task: RankingTask, act: str, values: dict[Any, Any] | None = None) -> str:
    return manager.post(address(task, act), values or {}, follow=True).content.decode()


def fresh(task: RankingTask) -> RankingTask:
    return RankingTask.objects.get(pk=task.pk)


@pytest.mark.both
def test_tasks_are_found_by_words_state_source_and_labeler(
    manager: Client, project: Project, labeler: User
) -> None:
    done, begun = task_in(project, "fuchs", "Grüße", "No"), task_in(project, "b")
    task_in(project, "c", "One", "100% sure_ly")
    rank(done, labeler)
    mine = labeling.labeler_of(project=project, user=labeler)
    claims.claim(task=begun, labeler=mine)
    for query, count in (
        ("", 3),
        ("q=FUCHS", 1),
        ("q=Grüße", 1),
        ("q=100%25 sure_", 1),
        ("state=ranked", 1),
        ("state=begun", 1),
        ("state=untouched&source=batch", 1),
        ("source=import", 0),
        (f"labeler={mine.pk}", 1),
        ("state=nonsense&labeler=x&page=99&order=new", 3),
        (f"labeler={'9' * 30}", 3),
    ):
        shown = text(manager, f"/feedback/{project.slug}/tasks/?{query}")
        assert f"{count} task" in shown if count else "No task fits" in shown, query


def test_a_prompt_in_another_script_is_found(manager: Client, project: Project) -> None:
    task_in(project, "привет")
    assert "1 task" in text(manager, f"/feedback/{project.slug}/tasks/?q=привет")


def test_a_task_shows_where_its_answers_came_from_and_all_that_was_said(
    manager: Client, project: Project, labeler: User
) -> None:
    task = task_in(project, "t1", "<b>Hello</b>", "No")
    first = rank(task, labeler)
    assert first.assignment is not None
    labeling.undo(assignment=first.assignment, key="undone")
    shown = text(manager, address(task))
    assert "&lt;b&gt;Hello&lt;/b&gt;" in shown
    assert "small" in shown
    assert shown.count("A &gt; B") == 2
    assert "Undone by the labeler" in shown
    assert "guidelines version 1" in shown


def test_a_task_that_nobody_began_becomes_gold_and_ordinary_again(
    manager: Client, project: Project
) -> None:
    task = task_in(project)
    best, worst = task.current_set.candidates
    assert "Give every answer a place" in said(manager, task, "gold", {f"tier-{best}": "1"})
    same = {f"tier-{best}": "1", f"tier-{worst}": "1"}
    assert "better than another one" in said(manager, task, "gold", same)
    shown = said(manager, task, "gold", {f"tier-{best}": "2", f"tier-{worst}": "1"})
    assert "This is a gold task now" in shown
    assert fresh(task).gold == {"tiers": [[worst], [best]]}
    assert "Gold: place 2" in shown
    assert "1 task" in text(manager, f"/feedback/{project.slug}/tasks/?state=gold")
    said(manager, task, "ungold")
    assert fresh(task).gold is None


def test_a_task_that_was_taken_cannot_become_gold_and_says_why(
    manager: Client, project: Project, labeler: User
) -> None:
    task = task_in(project)
    rank(task, labeler)
    best, worst = task.current_set.candidates
    places = {f"tier-{best}": "1", f"tier-{worst}": "2"}
    assert "Somebody has taken this task already" in text(manager, address(task))
    assert "Somebody has taken this task already" in said(manager, task, "gold", places)
    assert fresh(task).gold is None


def test_priority_and_overlap_change_and_nonsense_changes_nothing(
    manager: Client, project: Project, labeler: User
) -> None:
    task = task_in(project)
    rank(task, labeler)
    said(manager, task, "change", {"priority": "5", "overlap": "3"})
    assert (fresh(task).priority, fresh(task).overlap) == (5, 3)
    said(manager, task, "change", {"priority": "5", "overlap": "0"})
    assert fresh(task).overlap == 1
    for wrong in ({"priority": "x", "overlap": "1"}, {"priority": "1", "overlap": "99"}):
        assert "Give " in said(manager, task, "change", wrong)
    assert (fresh(task).priority, fresh(task).overlap) == (5, 1)


def test_a_withdrawn_task_is_asked_of_nobody_and_comes_back(
    manager: Client, project: Project, labeler: User, signed_in: SignedIn
) -> None:
    task = task_in(project)
    shown = said(manager, task, "withdraw")
    assert address(task, "bring-back") in shown
    assert "Nothing left for you" in text(signed_in(labeler), "/feedback/")
    assert "1 task" in text(manager, f"/feedback/{project.slug}/tasks/?state=withdrawn")
    said(manager, task, "bring-back")
    assert "1 task for you" in text(signed_in(labeler), "/feedback/")
    assert not Annotation.objects.exists()
