"""Every address of the room is a 404 to whoever may not see the project: all are walked.

A page added later is tried too, whatever helper of the address it needs.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver

from accounts.models import User
from feedback import urls
from feedback.models import Assignment, Project, RankingTask
from tests.feedback.conftest import with_right
from tests.feedback.test_project_pages import rank, task_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SignedIn = Callable[[User], Client]

# These belong to nobody's project, or only hold what is the asking person's own.
OPEN_TO_LABELERS = {"home"}
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def patterns(found: list[Any], above: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each address with its whole route."""
    for one in found:
        route = f"{above}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, route)
        else:
            yield route, one


def address(route: str, project: Project, key: int) -> str:
    """The route with the project's name in it, and `key` for every number."""
    values = {"int": str(key), "uuid": str(uuid.UUID(int=0))}

    def filled(found: re.Match[str]) -> str:
        kind, name = found.groups()
        return project.slug if name == "slug" else values.get(kind, "x")

    return f"/feedback/{PARAMETER.sub(filled, route)}"


def answers(client: Client, at: str) -> set[int]:
    """By reading and by posting, and by sending a file where neither is asked for."""
    told = {client.get(at).status_code, client.post(at).status_code}
    return told if told != {405} else {client.put(at).status_code}


@pytest.fixture
def task(project: Project, labeler: User) -> RankingTask:
    """With a ranking, so that there is something to see and to spoil."""
    made = task_in(project)
    rank(made, labeler)
    return made


def hidden(project: Project, task: RankingTask, client: Client) -> list[tuple[str, set[int]]]:
    """The addresses that tell more than that there is nothing."""
    found = []
    for route, pattern in patterns(urls.urlpatterns):
        at = address(route, project, task.pk)
        told = answers(client, at)
        if pattern.name not in OPEN_TO_LABELERS and not (404 in told and told <= {404, 405}):
            found.append((at, told))
    return found


def test_the_whole_room_is_closed_to_who_only_chats(
    project: Project, task: RankingTask, member: User, signed_in: SignedIn
) -> None:
    client = signed_in(member)
    assert hidden(project, task, client) == []
    assert client.get("/feedback/").status_code == 404
    assert sum(1 for _ in patterns(urls.urlpatterns)) > 40


def test_another_trainers_project_is_closed_to_a_trainer(
    project: Project, task: RankingTask, owner: User, signed_in: SignedIn
) -> None:
    other = signed_in(with_right(owner, "other", "trainer"))
    told = [at for at, _ in hidden(project, task, other) if at != "/feedback/new/"]
    assert told == []
    assert "Kind answers" not in other.get("/feedback/").content.decode()
    assert Project.objects.open().get() == project


def test_a_labeler_gets_into_ranking_and_their_own_numbers_and_nowhere_else(
    project: Project, task: RankingTask, labeler: User, signed_in: SignedIn
) -> None:
    at = f"/feedback/{project.slug}/"
    allowed = (f"{at}rank/", f"{at}labelers/me/", f"{at}red-team/")
    told = [where for where, _ in hidden(project, task, signed_in(labeler))]
    assert [where for where in told if not where.startswith(allowed)] == []


def test_a_labeler_who_is_not_named_gets_nowhere(
    project: Project, task: RankingTask, labeler: User, signed_in: SignedIn
) -> None:
    Project.objects.update(open_to_all=False)
    assert hidden(project, task, signed_in(labeler)) == []
    assert Assignment.objects.count() == 1


def test_nobody_in_particular_is_sent_to_sign_in(project: Project, task: RankingTask) -> None:
    for route, _ in patterns(urls.urlpatterns):
        at = address(route, project, task.pk)
        assert Client().post(at).status_code in (302, 401), at
