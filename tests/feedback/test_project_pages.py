"""Project pages: what people see of projects, and what managers change about them."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from feedback.models import Annotation, Project, RankingTask
from feedback.rules.pairs import Ranking
from feedback.services import labeling
from feedback.services.labeling import claims
from feedback.services.tasks import NewAnswer, add_task

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
SETTINGS: dict[str, object] = {
    "name": "Kind answers",
    "objective": "helpful",
    "candidates": "4",
    "overlap": "2",
    "order": "uniform",
    "uniform_share": "20",
    "gold_share": "10",
    "repeat_share": "0",
    "claim_minutes": "30",
    "questions": ["flags"],
    "open_to_all": "yes",
    "for_old_tasks": "on",
}


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def task_in(project: Project, name: str = "t1", *answers: str) -> RankingTask:
    return add_task(
        project=project,
        source="batch",
        external_id=name,
        messages=[{"role": "user", "content": f"Say hello, {name}"}],
        answers=[NewAnswer(said, {"model": "small"}) for said in answers or ("Hello", "No")],
    )


def rank(task: RankingTask, person: User) -> Annotation:
    labeler = labeling.labeler_of(project=task.project, user=person)
    mine = claims.claim(task=task, labeler=labeler)
    assert mine is not None
    size = mine.candidate_set.size
    ranking = Ranking(size, tuple((place,) for place in range(size)))
    return labeling.submit(assignment=mine, key=f"{task.pk}:{person.pk}", ranking=ranking)


def test_an_empty_room_says_what_it_is_for(
    manager: Client, labeler: User, signed_in: SignedIn
) -> None:
    assert "A project asks people which of several answers is better" in text(manager, "/feedback/")
    empty = text(signed_in(labeler), "/feedback/")
    assert "Nothing to rank yet" in empty
    assert "New project" not in empty
    assert signed_in(labeler).get("/feedback/new/").status_code == 404


def test_a_project_is_made_with_guidelines_and_an_objective_in_ones_own_words(
    manager: Client, trainer: User
) -> None:
    said = {
        "name": "Нежность",
        "objective": "own",
        "candidates": 3,
        "overlap": 2,
        "guidelines": "Be kind.",
    }
    refused = manager.post("/feedback/new/", said)
    assert refused.status_code == 422
    assert "in your own words" in refused.content.decode()
    assert "Нежность" in refused.content.decode()
    manager.post("/feedback/new/", said | {"objective_text": "The gentler one"})
    made = Project.objects.get()
    assert (made.owner, made.overlap, made.objective_text) == (trainer, 2, "The gentler one")
    assert made.latest_guidelines is not None
    assert "There is nothing to rank yet" in text(manager, f"/feedback/{made.slug}/")


@pytest.mark.parametrize("name", ["New", "Chat"])
def test_a_name_that_addresses_need_gets_an_address_of_its_own(manager: Client, name: str) -> None:
    said = {"name": name, "objective": "helpful", "candidates": 2, "overlap": 1}
    manager.post("/feedback/new/", said)
    assert Project.objects.get().slug == f"{name.lower()}-project"
    again = manager.post("/feedback/new/", said)
    assert "There is a project named" in again.content.decode()


def test_home_tells_a_labeler_what_is_left_and_a_manager_how_far_it_is(
    manager: Client, project: Project, labeler: User, signed_in: SignedIn
) -> None:
    for name in ("a", "b", "c"):
        task = task_in(project, name)
    rank(task, labeler)
    assert "2 tasks for you" in text(signed_in(labeler), "/feedback/")
    assert "1 of 3 tasks ranked" in text(manager, "/feedback/")
    overview = text(manager, f"/feedback/{project.slug}/")
    assert "2 tasks still wait for labelers" in overview
    assert ">labeler</a>" in overview
    assert "3 generated" in overview


def test_raising_the_overlap_reaches_open_tasks_and_lowering_drops_no_ranking(
    manager: Client, project: Project, trainer: User, labeler: User
) -> None:
    ranked, free = task_in(project, "ranked"), task_in(project, "free")
    assert "2 tasks now asked of 2 people" in saved(manager, project, SETTINGS)
    for person in (labeler, trainer):
        rank(RankingTask.objects.get(pk=ranked.pk), person)
    said = saved(manager, project, SETTINGS | {"overlap": "1"})
    assert "1 task now asked of 1 person" in said
    assert "1 task kept more" in said
    ranked.refresh_from_db()
    free.refresh_from_db()
    assert (ranked.overlap, free.overlap) == (2, 1)
    assert Annotation.objects.current().count() == 2


def saved(manager: Client, project: Project, said: dict[str, object]) -> str:
    answer = manager.post(f"/feedback/{project.slug}/settings/", said, follow=True)
    return answer.content.decode()


def test_settings_that_make_no_sense_are_refused_and_kept_in_the_form(
    manager: Client, project: Project
) -> None:
    wrong = SETTINGS | {"overlap": "0", "gold_share": "80", "name": "Other"}
    answer = manager.post(f"/feedback/{project.slug}/settings/", wrong)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "Nothing was saved" in shown
    assert 'value="80"' in shown
    project.refresh_from_db()
    assert (project.name, project.gold_share) == ("Kind answers", 0.1)
    shares = {"gold_share": "25", "repeat_share": "5"}
    manager.post(f"/feedback/{project.slug}/settings/", SETTINGS | shares)
    project.refresh_from_db()
    assert (project.gold_share, project.repeat_share, project.questions) == (0.25, 0.05, ["flags"])


def test_a_project_for_named_people_is_open_to_nobody_else(
    manager: Client, project: Project, labeler: User, signed_in: SignedIn
) -> None:
    task_in(project)
    closed = SETTINGS | {"open_to_all": "no"}
    manager.post(f"/feedback/{project.slug}/settings/", closed)
    assert "Kind answers" not in text(signed_in(labeler), "/feedback/")
    manager.post(f"/feedback/{project.slug}/settings/", closed | {"people": [labeler.pk]})
    assert "Kind answers" in text(signed_in(labeler), "/feedback/")


@pytest.mark.parametrize("who", ["9" * 30, "9" * 5000, "-1", "ada", "\x00"])
def test_people_that_nobody_is_are_refused_in_the_form(
    manager: Client, project: Project, who: str
) -> None:
    answer = manager.post(f"/feedback/{project.slug}/settings/", SETTINGS | {"people": [who]})
    assert answer.status_code == 422
    assert "is not one of the available choices" in answer.content.decode()


def test_an_archived_project_is_gone_and_comes_back(manager: Client, project: Project) -> None:
    address = f"/feedback/{project.slug}/"
    said = manager.post(f"{address}archive", follow=True).content.decode()
    assert f'action="{address}restore"' in said
    assert manager.get(address).status_code == 404
    manager.post(f"{address}restore")
    assert manager.get(address).status_code == 200


def test_guidelines_are_previewed_versioned_and_never_lost_to_somebody_faster(
    manager: Client, project: Project, labeler: User
) -> None:
    address = f"/feedback/{project.slug}/guidelines/"
    preview = manager.post(f"{address}preview", {"text": "Be **brief**<script>x</script>"})
    assert "<strong>brief</strong>&lt;script" in preview.content.decode()
    rank(task_in(project), labeler)
    said = {"text": "Be **kind**.\nBe brief.", "begun_from": "1"}
    shown = manager.post(f"{address}edit/", said, follow=True).content.decode()
    assert "What changed since version 1" in shown
    assert '<span class="line">Be brief.</span>' in shown
    assert "1 ranking" in shown
    late = manager.post(f"{address}edit/", {"text": "Be honest.", "begun_from": "1"})
    assert late.status_code == 422
    assert "Somebody else has written a new version" in late.content.decode()
    assert "Be honest." in late.content.decode()
    assert "Labelers see" in text(manager, f"{address}1/")
    again = manager.post(f"{address}edit/", said | {"begun_from": "2"})
    assert "Nothing was changed" in again.content.decode()
    assert project.guidelines.count() == 2
