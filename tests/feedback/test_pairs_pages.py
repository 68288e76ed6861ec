"""The pairs page: what rankings say now, found among many, down to the revision."""

from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Candidate, Project, RankingTask
from feedback.pairs import finding
from feedback.pairs.finding import Wanted, window
from feedback.pairs.recipes import last_recipe, placed_now
from feedback.services import projects
from tests.feedback.test_freezing import SignIn
from tests.feedback.test_snapshots import STRICT, TIED, bring, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Sky")


@pytest.fixture
def manager(owner: User, signed_in: SignIn) -> Client:
    return signed_in(owner)


def found(project: Project, wanted: Wanted) -> finding.Window:
    recipe = last_recipe(project)
    return window(project, wanted, recipe, placed_now(project, recipe))


def names(shown: finding.Window) -> list[str]:
    return [one.task.external_id for one in shown.tasks]


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_pair_leads_back_to_who_said_what(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT), row(1, "bob", STRICT))
    Annotation.objects.filter(labeler__name="bob").update(
        voided_at=timezone.now(), void_reason="in a hurry"
    )
    again = Annotation.objects.get(labeler__name="ada")
    again.pk, again.key, again.revision, again.tiers = None, "again", 2, [[1], [0], [2]]
    again.save(force_insert=True)
    page = text(manager, "/feedback/sky/pairs/")
    assert "1 for, 0 against, 0 tied · weight 0.333" in page
    assert f'#revision-{again.pk}">revision 2</a>' in page
    assert "Gives nothing: replaced by a newer revision" in page
    assert "Gives nothing: voided (in a hurry)" in page
    [shown] = found(project, Wanted()).tasks
    assert [(p.first, p.second) for p in shown.pairs] == [
        ("green 1", "blue 1"),
        ("blue 1", "1"),
        ("green 1", "1"),
    ]
    task = RankingTask.objects.get()
    assert "1 for, 0 against, 0 tied" in text(manager, f"/feedback/sky/tasks/{task.pk}/")


def test_filters_find_what_only_deriving_tells(project: Project, tmp_path: Path) -> None:
    bring(
        project, tmp_path, row(1, "ada", STRICT), row(2, "ada", TIED), row(3, "bob", [[0], [1, 2]])
    )
    bring(project, tmp_path, row(4, "ada", STRICT), row(4, "bob", [[1], [0], [2]]))
    bring(project, tmp_path, row(5, "eve", STRICT))
    Annotation.objects.filter(labeler__name="eve").update(source="chat")
    RankingTask.objects.filter(external_id="t5").update(gold={"tiers": []})
    assert names(found(project, Wanted(shows="pairs"))) == ["t1", "t3", "t4"]
    assert names(found(project, Wanted(shows="ties"))) == ["t2", "t3"]
    assert names(found(project, Wanted(shows="contradictions"))) == ["t4"]
    assert names(found(project, Wanted(shows="nothing"))) == ["t5"]
    assert names(found(project, Wanted(q="green 3"))) == ["t3"]
    assert names(found(project, Wanted(source="chat"))) == ["t5"]
    bob = str(project.labelers.get(name="bob").pk)
    assert names(found(project, Wanted(labeler=bob, shows="ties"))) == ["t3"]
    splits = [names(found(project, Wanted(split=s))) for s in ("train", "validation", "test")]
    assert sorted(name for split in splits for name in split) == ["t1", "t2", "t3", "t4", "t5"]


def test_pages_go_on_and_back_and_looking_has_an_end(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(project, tmp_path, *(row(n, "ada", TIED if n % 5 else STRICT) for n in range(60)))
    every = [f"t{n}" for n in range(60)]
    first = found(project, Wanted())
    assert (names(first), first.count, first.earlier) == (every[:10], 60, None)
    second = found(project, Wanted(after=first.later))
    assert names(second) == every[10:20]
    assert names(found(project, Wanted(before=second.earlier))) == every[:10]
    monkeypatch.setattr(finding, "LOOKED_AT", 20)
    monkeypatch.setattr(finding, "AT_ONCE", 10)
    rare = found(project, Wanted(shows="pairs"))
    assert names(rare) == ["t0", "t5", "t10", "t15"]
    assert rare.later == rare.stopped_at
    assert names(found(project, Wanted(shows="pairs", after=rare.later)))[:2] == ["t20", "t25"]
    back = found(project, Wanted(shows="pairs", before=rare.later))
    assert names(back) == ["t0", "t5", "t10", "t15"]


def test_hostile_text_is_shown_as_text_and_odd_addresses_ask_for_nothing(
    project: Project, manager: Client, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT))
    evil = Candidate.objects.get(text="blue 1")
    Candidate.objects.filter(pk=evil.pk).update(text="<script>alert(1)</script>")
    address = "/feedback/sky/pairs/?shows=x&split=y&labeler=%00&after=-1&before=²&q=%3Cb%3E"
    assert "No task fits" in text(manager, address)
    page = text(manager, "/feedback/sky/pairs/?source=nowhere")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_empty_project_says_what_pairs_are(project: Project, manager: Client) -> None:
    assert "There are no pairs yet" in text(manager, "/feedback/sky/pairs/")
    assert "Nothing is ranked yet" in text(manager, "/feedback/sky/pairs/freeze/")
