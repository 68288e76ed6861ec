"""Pages about agreement and labelers: who sees what, and what acts change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import LABELER
from accounts.models import User
from accounts.services import set_groups
from feedback.models import Annotation, Assignment, Labeler, Project
from feedback.services import adjudicating, labeling, projects
from feedback.services.agreement.labelers import roster
from feedback.services.agreement.pages import Choice, findings
from feedback.services.imports import import_preferences

pytestmark = pytest.mark.django_db

ORDERS = {
    "ada": [[[0], [1], [2]], [[0], [1], [2]], [[1], [0], [2]]],
    "bob": [[[0], [1], [2]], [[2], [1], [0]], [[1], [0], [2]]],
    "eve": [[[0], [1, 2]], [[0], [1], [2]], [[1], [0], [2]]],
}
PAGES = ["agreement", "strengths", "disagreements", "labelers"]


@pytest.fixture
def project(owner: User, tmp_path: Path) -> Project:
    """Three tasks that three people of a file ranked; they differ most about the second."""
    made = projects.create(owner=owner, name="Sky")
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row(*one)) for one in said()))
    import_preferences(project=made, path=path, format_name="annotations")
    return made


def said() -> list[tuple[int, str, list[list[int]]]]:
    return [(k, name, tiers) for name, found in ORDERS.items() for k, tiers in enumerate(found)]


def row(task: int, annotator: str, tiers: list[list[int]]) -> dict[str, Any]:
    models = ["tiny-model", "large-model", "tiny-model"]
    candidates = [{"text": f"{task}-{k}", "model": model} for k, model in enumerate(models)]
    return {
        "task": f"t{task}",
        "prompt": f"What is the colour of thing {task}?",
        "candidates": candidates,
        "annotator": annotator,
        "tiers": tiers,
    }


@pytest.fixture
def manager(owner: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(owner)


def page(project: Project, name: str, *keys: int) -> str:
    return reverse(f"feedback:{name}", args=[project.slug, *keys])


def test_only_those_who_manage_a_project_see_its_measures(
    project: Project,
    manager: Client,
    member: User,
    owner: User,
    signed_in: Callable[[User], Client],
) -> None:
    set_groups(by=owner, person=member, groups=[LABELER])
    labeler, annotation = project.labelers.get(name="ada"), Annotation.objects.all()[0]
    addresses = [page(project, name) for name in PAGES]
    addresses += [page(project, "labeler", labeler.pk), page(project, "void", annotation.pk)]
    addresses.append(page(project, "adjudicate", annotation.task_id))
    visitor = signed_in(member)
    assert [manager.get(url).status_code for url in addresses] == [200] * len(addresses)
    assert [visitor.get(url).status_code for url in addresses] == [404] * len(addresses)
    acts = [page(project, "void-labeler", labeler.pk), page(project, "unvoid", annotation.pk)]
    acts.append(page(project, "adjudicate", annotation.task_id))
    acts.append(page(project, "adjudication-withdraw", annotation.task_id))
    assert [visitor.post(url, {"reason": "x"}).status_code for url in acts] == [404] * len(acts)
    assert not Annotation.objects.exclude(voided_at=None).exists()


def test_a_labeler_sees_their_own_numbers_but_nothing_that_tells_of_gold_or_repeats(
    project: Project, member: User, owner: User, signed_in: Callable[[User], Client]
) -> None:
    set_groups(by=owner, person=member, groups=[LABELER])
    visitor = signed_in(member)
    assert "No rankings yet" in visitor.get(page(project, "my-labels")).text
    labeler = labeling.labeler_of(project=project, user=member)
    Annotation.objects.filter(labeler__name="ada").update(labeler=labeler)
    shown = visitor.get(page(project, "my-labels")).text
    assert "First shown wins" in shown
    assert not any(word in shown.lower() for word in ("gold", "repeat", "flip", "-model"))


def test_the_page_tells_the_measures_of_the_chosen_people(
    project: Project, manager: Client
) -> None:
    shown = manager.get(page(project, "agreement")).text
    value = findings(project=project, choice=Choice()).agreement.measures["krippendorff_nominal"]
    assert f"α is {value.value:.2f}" in shown and "9 rankings of 3 tasks by 3 people" in shown
    assert "No rankings here yet" in manager.get(page(project, "agreement") + "?who=pages").text
    assert manager.get(page(project, "agreement") + "?who=x&by=y&tasks=z").status_code == 200


def test_a_model_that_judges_stands_apart_from_people(project: Project, manager: Client) -> None:
    before = findings(project=project, choice=Choice())
    judge = Labeler.objects.create(project=project, kind=Labeler.Kind.AI, name="judge-1")
    for one in Annotation.objects.filter(labeler__name="ada"):
        one.pk, one.key, one.labeler = None, f"ai-{one.pk}", judge
        one.save(force_insert=True)
    after = findings(project=project, choice=Choice())
    assert after.agreement == before.agreement and after.matrix == before.matrix
    assert list(after.models) == ["judge-1"]
    everybody = roster(project)
    assert [row.labeler.name for row in everybody.models] == ["judge-1"]
    assert {row.labeler.name for row in everybody.people} == set(ORDERS)
    # ada, bob and eve vote on each pair; the judge says what ada says.
    judged = everybody.of(judge)
    assert judged is not None and judged.agreement.n == 9


def test_what_is_decided_is_left_out_of_agreement_and_off_the_list(
    project: Project, manager: Client, owner: User
) -> None:
    before = findings(project=project, choice=Choice()).agreement
    listed = manager.get(page(project, "disagreements")).text
    disputed = project.tasks.get(external_id="t1")
    first = listed.index("Task ")
    assert listed[first:].startswith(f"Task {disputed.pk}<")
    url = page(project, "adjudicate", disputed.pk)
    form = {"key": "k", "place_0": "2", "place_1": "1", "place_2": "2", "bad_2": "on"}
    refused = manager.post(url, form)
    assert refused.status_code == 422
    assert "ranked as good as an acceptable one" in refused.text
    assert 'value="1" selected' in refused.text
    assert manager.post(url, form | {"place_2": "3"}).status_code == 302
    decision = adjudicating.adjudication_of(disputed)
    assert decision is not None
    assert (decision.tiers, decision.unacceptable) == ([[1], [0], [2]], [2])
    assert decision.adjudicated_by == owner
    assert findings(project=project, choice=Choice()).agreement == before
    assert f"Task {disputed.pk}<" not in manager.get(page(project, "disagreements")).text
    shown = manager.get(page(project, "disagreements") + "?state=decided").text
    assert f"Task {disputed.pk}<" in shown
    manager.post(page(project, "adjudication-withdraw", disputed.pk))
    assert adjudicating.adjudication_of(disputed) is None


def test_voiding_somebody_changes_the_measures_and_restoring_gives_them_back(
    project: Project, manager: Client
) -> None:
    before, bob = roster(project), project.labelers.get(name="bob")
    url = page(project, "void-labeler", bob.pk)
    assert "Say why." in manager.post(url, {"reason": " "}).text
    late = manager.post(url, {"reason": "x", "first": "2030-01-02", "last": "2030-01-01"})
    assert late.status_code == 422 and "must not come after" in late.text
    manager.post(url, {"reason": "clicked through"})
    own = roster(project).of(bob)
    assert own is not None and own.rankings == 0
    assert "3 voided by owner" in manager.get(page(project, "labeler", bob.pk)).text
    [at] = set(Annotation.objects.filter(labeler=bob).values_list("voided_at", flat=True))
    assert at is not None
    manager.post(page(project, "unvoid-labeler", bob.pk), {"at": at.isoformat()})
    assert roster(project).project == before.project


def test_gold_flips_skips_pace_and_position_by_hand(owner: User, tmp_path: Path) -> None:
    project = projects.create(owner=owner, name="Hand")
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row(k, "ada", [[0], [1], [2]])) for k in range(4)))
    import_preferences(project=project, path=path, format_name="annotations")
    ada = project.labelers.get(name="ada")
    first, second, third, fourth = project.tasks.all()
    gold = first.current_set.candidates
    first.gold = {"tiers": [[gold[0]], [gold[1], gold[2]]]}
    first.save()
    second.gold = {"tiers": [[gold_of] for gold_of in reversed(second.current_set.candidates)]}
    second.save()
    again = Annotation.objects.get(task=third)
    again.pk, again.key, again.repeat, again.tiers = None, "again", True, [[1], [0], [2]]
    again.revision = 2
    again.save(force_insert=True)
    held = Assignment.objects.create(
        task=third, labeler=ada, slot=0, candidate_set=third.current_set, permutation=[1, 0, 2],
        state="submitted", expires_at=again.created_at,
    )  # fmt: skip
    Annotation.objects.filter(task=third, repeat=False).update(assignment=held, active_ms=2700)
    Assignment.objects.create(
        task=fourth, labeler=ada, slot=0, candidate_set=fourth.current_set, permutation=[0, 1, 2],
        state="skipped", expires_at=again.created_at,
    )  # fmt: skip
    own = roster(project).of(ada)
    assert own is not None
    # The first gold task is right, the second reversed; of three decided pairs one flipped.
    assert (own.gold.count, own.gold.of) == (1, 2)
    assert (own.flips.count, own.flips.of) == (1, 3)
    assert (own.skips.count, own.skips.of) == (1, 5)
    # Shown as 1, 0, 2 and ranked 0 > 1 > 2: 0 > 2 and 1 > 2 were won by the one shown first.
    assert (own.bias.count, own.bias.of) == (2, 3)
    # 7 words of prompt and 3 of answers in 2.7 s.
    assert own.pace == pytest.approx(2.7 / 10 * 100)
    assert (own.ties.count, own.ties.of) == (0, 12)
