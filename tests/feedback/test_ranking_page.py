"""The ranking page over HTTP: what it shows and hides, what it stores, what it refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Candidate, Labeler, Project, RankingTask
from feedback.services import guidelines, labeling, projects
from feedback.services.labeling import choosing
from feedback.services.tasks import NewAnswer, add_task
from tests.feedback.test_labeling import run_out

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
SAID = ["Alpha is first", "Beta is second", "Gamma is third"]
MODELS = ["planted-model-a", "planted-model-b", "planted-model-c"]
RANK = "/feedback/greetings/rank/"


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Greetings", guidelines="Be **kind**.")


@pytest.fixture
def labeler(member: User) -> User:
    member.groups.add(Group.objects.get(name="labeler"))
    return member


@pytest.fixture
def page(labeler: User, signed_in: SignedIn) -> Client:
    return signed_in(labeler)


def task_in(project: Project, number: int, **fields: Any) -> RankingTask:
    task = add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id=f"planted-name-{number}",
        messages=[{"role": "user", "content": f"Say hello, {number}"}],
        answers=[NewAnswer(text, {"model": m}) for text, m in zip(SAID, MODELS, strict=True)],
    )
    RankingTask.objects.filter(pk=task.pk).update(**fields)
    return task


def held(page: Client, address: str = RANK) -> Assignment:
    """The task on the page, claimed by opening it."""
    assert page.get(address).status_code == 200
    return Assignment.objects.filter(state__in=Assignment.CLAIMS).latest("pk")


def post(page: Client, mine: Assignment, act: str, body: dict[str, Any]) -> Any:
    address = f"/feedback/{mine.task.project.slug}/rank/{mine.pk}/{act}/"
    return page.post(address, json.dumps(body), content_type="application/json")


def ranking(**changes: Any) -> dict[str, Any]:
    """Shown first is best, shown third is unacceptable."""
    whole = {"set": 1, "key": "k", "tiers": [[0], [1], [2]], "unranked": [], "line": 2}
    return whole | {"all_bad": False} | changes


def test_what_was_ranked_where_it_was_shown_is_stored_where_it_stands_in_the_set(
    project: Project, page: Client
) -> None:
    task_in(project, 1)
    mine = held(page)
    said = {
        "flags": {"2": ["toxic", "refusal"], "0": []},
        "ratings": {"1": {"helpful": 4}},
        "strength": 2,
        "comment": " Well \x00said ",
        "active_ms": 10**12,
    }
    answer = post(page, mine, "submit", ranking(**said))
    assert answer.status_code == 200 and "Nothing is left for you here" in answer.content.decode()
    [stored] = Annotation.objects.current()
    first, second, third = mine.permutation
    assert stored.tiers == [[first], [second], [third]]
    assert stored.unacceptable == [third]
    assert stored.flags == {str(third): ["toxic", "refusal"]}
    assert stored.ratings == {str(second): {"helpful": 4}}
    assert (stored.strength, stored.comment) == (2, "Well said")
    passed = (timezone.now() - mine.claimed_at).total_seconds() * 1000
    assert 0 <= (stored.active_ms or 0) <= passed
    assert stored.guidelines == project.latest_guidelines


def test_a_better_answer_becomes_a_candidate_of_its_own_and_a_pair_where_confirmed(
    project: Project, page: Client
) -> None:
    task_in(project, 1)
    mine = held(page)
    edit = {"of": 1, "text": "Better", "better": True}
    assert post(page, mine, "submit", ranking(edit=edit)).status_code == 200
    [stored] = Annotation.objects.current()
    assert stored.edit is not None
    assert (stored.edit.text, stored.edit.author) == ("Better", stored.labeler)
    assert stored.edit.parent_id == mine.candidate_set.candidates[mine.permutation[1]]
    assert stored.ranking.edit_of == mine.permutation[1]
    assert stored.edit.pk not in mine.task.current_set.candidates


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"tiers": [[0], [1]]}, "is missing"),
        ({"tiers": [[0], [1], [2, 0]]}, "ranked twice"),
        ({"tiers": [[0], [1], [2], [3]]}, "no such answer"),
        ({"tiers": [[0], [True], [2]]}, "no such answer"),
        ({"tiers": "012"}, "not a ranking"),
        ({"tiers": [[0], [], [1], [2]]}, "empty"),
        ({"tiers": [[0]], "unranked": [1, 2], "line": None}, "at least two"),
        ({"line": 9}, "not a ranking"),
        ({"set": 2}, "another set"),
        ({"set": None}, "another set"),
        ({"key": ""}, "without its key"),
        ({"flags": {"0": ["ugly"]}}, "no flag 'ugly'"),
        ({"flags": {"7": ["toxic"]}}, "no such answer"),
        ({"ratings": {"0": {"helpful": 6}}}, "from 1 to 5"),
        ({"ratings": {"0": {"funny": 3}}}, "no such rating"),
        ({"strength": 9}, "no such strength"),
        ({"comment": "x" * 5001}, "too long"),
        ({"edit": {"of": 0, "text": "  ", "better": True}}, "is empty"),
        ({"edit": {"of": 0, "text": SAID[0], "better": True}}, "says the same"),
        ({"edit": {"of": 0, "text": SAID[1], "better": True}}, "says the same"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_a_sentence_and_changes_nothing(
    wrong: dict[str, Any], why: str, project: Project, page: Client
) -> None:
    task_in(project, 1)
    mine = held(page)
    if "edit" in wrong:
        wrong["edit"]["text"] = said_at(mine, wrong["edit"]["text"])
    refused = post(page, mine, "submit", ranking(**wrong))
    assert refused.status_code == 400
    assert why in refused.json()["error"]
    assert not Annotation.objects.exists()
    assert Candidate.objects.count() == 3
    assert held(page) == mine


def said_at(mine: Assignment, text: str) -> str:
    """An answer's text by where it is shown."""
    if text not in SAID:
        return text
    candidates = mine.candidate_set.candidates
    return Candidate.objects.get(pk=candidates[mine.permutation[SAID.index(text)]]).text


def test_a_body_that_is_no_ranking_at_all_is_refused(project: Project, page: Client) -> None:
    task_in(project, 1)
    address = f"{RANK}{held(page).pk}/submit/"
    for body in ("", "[]", "{", "[" * 100_000, '{"key": "k", "set": 1}', "x" * 600_000):
        assert page.post(address, body, content_type="application/json").status_code == 400


def test_sending_again_stores_nothing_twice_and_answers_the_same(
    project: Project, page: Client
) -> None:
    task_in(project, 1)
    mine = held(page)
    answers = [post(page, mine, "submit", ranking()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "done" in post(page, mine, "submit", ranking(key="other")).json()["error"]
    assert Annotation.objects.count() == 1
    undone = [post(page, mine, "undo", {}) for _ in range(2)]
    assert [answer.status_code for answer in undone] == [200, 200]
    assert Annotation.objects.count() == 2
    skipped = [post(page, mine, "skip", {"reason": "Not my language"}) for _ in range(2)]
    assert [answer.status_code for answer in skipped] == [200, 200]


def test_undo_brings_the_task_back_as_it_was_sent_also_after_a_reload(
    project: Project, page: Client
) -> None:
    task_in(project, 1), task_in(project, 2)
    mine = held(page)
    next_one = post(page, mine, "submit", ranking(comment="so be it")).content.decode()
    assert f"/rank/{mine.pk}/undo/" in next_one
    assert f"/rank/{mine.pk}/undo/" in page.get(RANK).content.decode()
    again = post(page, mine, "undo", {}).content.decode()
    assert f"/rank/{mine.pk}/submit/" in again
    assert "so be it" in again and "&quot;line&quot;" not in again
    assert f"/rank/{mine.pk}/submit/" in page.get(RANK).content.decode()
    assert not Annotation.objects.current().exists()


def test_a_draft_of_another_tab_is_not_written_over(project: Project, page: Client) -> None:
    task_in(project, 1)
    mine = held(page)
    kept = post(page, mine, "draft", {"draft": {"comment": "new"}, "revision": 0})
    assert kept.json() == {"revision": 1}
    stale = post(page, mine, "draft", {"draft": {"comment": "old"}, "revision": 0})
    assert (stale.status_code, stale.json()["draft"]) == (409, {"comment": "new"})
    odd = post(page, mine, "draft", {"draft": {"comment": "\ud800\x00"}, "revision": 1})
    assert odd.status_code == 200
    assert post(page, mine, "draft", {"draft": [], "revision": 2}).status_code == 400


def test_work_on_a_claim_that_is_lost_is_kept_and_said_to_be(
    project: Project, page: Client, owner: User
) -> None:
    task_in(project, 1)
    mine = held(page)
    run_out(mine)
    ada = labeling.labeler_of(project=project, user=owner)
    theirs = labeling.claim_next(project=project, labeler=ada)
    assert theirs is not None
    lost = post(page, mine, "submit", ranking(comment="my work"))
    assert lost.status_code == 410 and "is kept" in lost.json()["error"]
    labeling.skip(assignment=theirs, reason="no")
    assert held(page).draft["comment"] == "my work"


def test_answers_that_changed_meanwhile_begin_anew(project: Project, page: Client) -> None:
    task = task_in(project, 1)
    mine = held(page)
    post(page, mine, "draft", {"draft": {"comment": "keep", "tiers": [[2]]}, "revision": 0})
    task.sets.create(version=2, candidates=task.current_set.candidates[:2], hash="two")
    assert "have changed" in post(page, mine, "submit", ranking()).json()["error"]
    again = held(page)
    assert (again.pk, len(again.permutation)) == (mine.pk, 2)
    assert again.draft == {"comment": "keep"}


def test_nobody_gets_at_the_task_of_somebody_else(
    project: Project, page: Client, stranger: User, signed_in: SignedIn
) -> None:
    task_in(project, 1)
    mine = held(page)
    others = signed_in(stranger)
    assert others.get(RANK).status_code == 404
    labeling.labeler_of(project=project, user=stranger)
    for client in (others, signed_in(project.owner)):  # type: ignore[arg-type]
        for act in ("draft", "submit", "skip", "undo"):
            assert post(client, mine, act, ranking()).status_code == 404
    elsewhere = f"/feedback/elsewhere/rank/{mine.pk}/submit/"
    assert page.post(elsewhere, "{}", content_type="application/json").status_code == 404
    assert not Annotation.objects.exists()


def test_nothing_a_labeler_gets_tells_where_an_answer_came_from_or_what_a_task_is_for(
    project: Project, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "BETWEEN", 1)
    for number in range(12):
        task_in(project, number)
    Project.objects.update(gold_share=0.15, repeat_share=0.15)
    for number in range(20, 23):
        task = task_in(project, number)
        gold = {"tiers": [[pk] for pk in task.current_set.candidates]}
        RankingTask.objects.filter(pk=task.pk).update(gold=gold, doubt=0.123456)
    got: list[Any] = [page.get(RANK)]
    orders = set()
    while (mine := Assignment.objects.filter(state__in=Assignment.CLAIMS).first()) is not None:
        orders.add(tuple(mine.permutation))
        got += [post(page, mine, "draft", {"draft": {}, "revision": 0}) for _ in range(2)]
        got.append(post(page, mine, "submit", ranking(key=str(mine.pk))))
    done = Assignment.objects.filter(state=Assignment.State.SUBMITTED)
    assert done.filter(task__gold__isnull=False).exists() and done.filter(repeat=True).exists()
    assert len(orders) > 1
    for answer in got:
        everything = answer.content.decode() + json.dumps(dict(answer.items()))
        for secret in ("planted-", "gold", "repeat", "batch", "Generated", "0.123", "uniform"):
            assert secret not in everything


def test_hostile_text_stays_text(project: Project, page: Client) -> None:
    evil = ["<script>alert(1)</script>", "[x](javascript:alert(1)) ![](https://e.example/i.png)"]
    prompt = "</script><script>alert(2)</script>{{ 7|add:7 }}" + "long " * 20_000
    add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id="evil",
        messages=[
            {"role": "system", "content": "<b>be good</b>"},
            {"role": "user", "content": prompt},
        ],
        answers=[NewAnswer(text) for text in evil],
    )
    html = page.get(RANK).content.decode()
    for tag in ("<script>alert", "<img", 'href="javascript', "<b>be good"):
        assert tag not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7|add:7 }}" in html


def test_new_guidelines_are_told_until_they_were_opened(
    project: Project, page: Client, labeler: User
) -> None:
    task_in(project, 1)
    assert "Read the guidelines before you begin" in page.get(RANK).content.decode()
    assert page.post(f"{RANK}guidelines/1/").status_code == 204
    assert "data-news" not in page.get(RANK).content.decode()
    guidelines.write(project=project, text="Be *brief*.", writer=None)
    assert "have changed since you last looked" in page.get(RANK).content.decode()
    page.post(f"{RANK}guidelines/2/")
    page.post(f"{RANK}guidelines/1/")
    assert Labeler.objects.get(user=labeler).guidelines_seen == 2
    assert page.post(f"{RANK}guidelines/9/").status_code == 404


def test_the_page_says_so_when_there_is_nothing_to_rank(project: Project, page: Client) -> None:
    assert "has no tasks yet" in page.get(RANK).content.decode()
    task = task_in(project, 1)
    RankingTask.objects.filter(pk=task.pk).update(overlap=0)
    assert "Nothing waits for you here" in page.get(RANK).content.decode()


def test_what_the_project_does_not_ask_is_neither_shown_nor_stored(
    project: Project, page: Client
) -> None:
    Project.objects.update(questions=[])
    task_in(project, 1)
    html = page.get(RANK).content.decode()
    for part in ("data-comment", "data-improve", 'name="flag-', 'name="rating-', "data-strength"):
        assert part not in html
    mine = held(page)
    more = {"comment": "x", "flags": {"0": ["toxic"]}, "strength": 1}
    post(page, mine, "submit", ranking(**more))
    [stored] = Annotation.objects.current()
    assert (stored.comment, stored.flags, stored.strength) == ("", {}, None)
