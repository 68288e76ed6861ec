"""A declared rule ranks, and nobody takes its rankings for people's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedback import exporting
from feedback.models import Annotation, Labeler, Project
from feedback.rules.declared import CONCISE, PLAIN, RULES, Said
from feedback.rules.pairs import derive
from feedback.services import freezing
from feedback.services.labeling.labelers import labeler_of
from feedback.services.ruling import rank_by_rule
from feedback.services.snapshots import Recipe, freeze, report, snapshot
from feedback.services.tasks import NewAnswer, add_task

SHORT, LONG = "a big cat", "considerable dimensions"


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def said(*texts: str, finished: bool = True) -> list[Said]:
    return [Said(text, finished) for text in texts]


def test_plain_words_are_better_by_the_mean_of_their_letters() -> None:
    found = PLAIN.ranking(said(LONG, SHORT, "a cat was big", "  "))
    assert [sorted(tier) for tier in found.tiers] == [[1], [2], [0], [3]]
    assert found.unacceptable == {3}
    assert PLAIN.ranking(said("a cat", "a dog")).tiers == ((0, 1),)


def test_of_answers_that_were_cut_none_is_known_to_be_short() -> None:
    answers = [Said("one", False), Said("one two", False), *said("one two three")]
    found = CONCISE.ranking(answers)
    assert [sorted(tier) for tier in found.tiers] == [[2], [0, 1]]


def test_answers_without_a_word_are_all_bad_and_give_no_pair() -> None:
    for rule in map(RULES.get, RULES.names()):
        derived = derive(rule.ranking(said(" ", "")))
        assert (derived.pairs, derived.labels) == ((), {0: False, 1: False})


@pytest.fixture
def tasks(project: Project) -> None:
    """Two questions with two answers each; of the second question's none came to its end."""
    for number, reason in enumerate(("stop", "length")):
        answers = [NewAnswer(text, {"finish_reason": reason}) for text in (LONG, SHORT)]
        asked = [{"role": "user", "content": f"Question {number}?"}]
        add_task(
            project=project,
            source="batch",
            external_id=str(number),
            messages=asked,
            answers=answers,
        )


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.usefixtures("tasks")
def test_a_rule_ranks_every_task_once_as_a_labeler_of_its_own_kind(project: Project) -> None:
    labeler = rank_by_rule(project=project, rule=PLAIN)
    assert (labeler.kind, labeler.name) == (Labeler.Kind.RULE, "rule plain, version 1")
    assert rank_by_rule(project=project, rule=PLAIN) == labeler
    found = list(Annotation.objects.of(project))
    assert [(one.tiers, one.source) for one in found] == [([[1], [0]], "rule")] * 2
    concise = rank_by_rule(project=project, rule=CONCISE)
    ended, cut = Annotation.objects.filter(labeler=concise).order_by("task")
    assert (ended.tiers, cut.tiers) == ([[0], [1]], [[0, 1]])


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.usefixtures("tasks")
def test_a_rules_rankings_are_never_mixed_in_unasked_and_every_row_tells_them(
    project: Project,
) -> None:
    rank_by_rule(project=project, rule=PLAIN)
    assert report(snapshot(project=project, recipe=Recipe()))["dropped"] == {"ranked by a rule": 2}
    version = freeze(project=project, name="ruled", recipe=Recipe(include_ai=True))
    assert (version.report["by_rule"], version.report["by_model"]) == (2, 0)
    rows = list(exporting.rows(version, "trl"))
    assert {row["labeled_by"] for row in rows} == {"rule"}


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.usefixtures("tasks")
def test_where_a_person_ranked_the_rule_does_not_count(
    project: Project, trainer: Any, signed_in: Callable[..., Any]
) -> None:
    rank_by_rule(project=project, rule=PLAIN)
    task = project.tasks.get(external_id="0")
    person = labeler_of(project=project, user=trainer)
    Annotation.objects.create(
        key="by hand",
        task=task,
        labeler=person,
        candidate_set=task.current_set,
        source=Annotation.Source.LABELING,
        tiers=[[0], [1]],
    )
    report = freezing.prepare(
        project=project, name="ruled", recipe=Recipe(include_ai=True), by=trainer
    )
    version = freezing.freeze(report=report, by=trainer).version
    assert version is not None
    assert version.report["dropped"] == {"ranked by a rule where people have ranked": 1}
    told = {row["labeled_by"]: row["chosen"] for row in exporting.rows(version, "trl")}
    assert told == {"people": LONG, "rule": SHORT}
    for address in ("pairs/", f"pairs/versions/{version.pk}/"):
        page = signed_in(trainer).get(f"/feedback/{project.slug}/{address}").content.decode()
        assert page.count("Ranked by a rule") == 1
