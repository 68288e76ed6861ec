"""The pages of measures and the leaderboard: numbers computed live, filters, what is hidden."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from accounts.models import User
from evaluation.models import EvaluationRun, Ranking, Score, System
from evaluation.services import board, board_ranks
from evaluation.services.board_filters import filters_in
from feedback.services import projects
from feedback.services.imports import import_preferences
from tests.evaluation.test_comparing import fill, measured

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def client(owner: User, signed_in: SignedIn) -> Client:
    return signed_in(owner)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_worked_example_is_computed_from_the_texts_that_are_given(client: Client) -> None:
    found = page(client, "/evaluation/measures/")
    for number in ("0.889", "0.571", "0.667", "35.19", "“it is cold outsid”"):
        assert number in found
    other = client.get(
        "/evaluation/measures/",
        {"output": "<b>cold</b>", "reference": "cold"},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert "<html" not in other and "<b>cold" not in other
    nothing = client.get("/evaluation/measures/", {"output": "x", "reference": " "})
    assert "Write a reference" in nothing.content.decode()


def test_an_empty_leaderboard_says_how_to_begin(client: Client) -> None:
    assert "No scores yet" in page(client, "/evaluation/")


def test_the_leaderboard_shows_numbers_with_what_makes_them_comparable(
    client: Client, owner: User
) -> None:
    parent = measured(owner, "parent", 100_000_000, 0.25)
    child = measured(owner, "<i>child", 100_000_000, 0.5)
    type(child).objects.filter(pk=child.pk).update(parent=parent)
    Score.objects.filter(run__model=child, measure="matthews").update(contaminated=0.4)
    found = page(client, "/evaluation/")
    for words in ("0.500", "0 shots", "40% seen", "/lineage/model/", "+0.250", "Matthews"):
        assert words in found
    assert "<i>child" not in found
    assert "No model fits" in page(client, "/evaluation/?size=large")
    table = client.get("/evaluation/leaderboard.csv?measures=all").content.decode()
    assert len(list(csv.DictReader(io.StringIO(table)))) == 4
    scores = json.loads(client.get("/evaluation/leaderboard.json").content)["scores"]
    assert scores[0]["model"] == "<i>child" and scores[0]["signature"] == "m"


def test_a_spreadsheet_takes_no_name_for_a_formula(client: Client, owner: User) -> None:
    measured(owner, "=HYPERLINK(1)", 1, 0.5)
    assert "'=HYPERLINK(1)" in client.get("/evaluation/leaderboard.csv").content.decode()


def test_what_is_not_shared_is_on_nobody_elses_board(
    member: User, owner: User, signed_in: SignedIn
) -> None:
    measured(owner, "secret", 1, 0.5)
    assert "secret" not in page(signed_in(member), "/evaluation/")
    assert "secret" not in signed_in(member).get("/evaluation/leaderboard.csv").content.decode()
    EvaluationRun.objects.update(shared=True)
    assert "secret" in page(signed_in(member), "/evaluation/")


def test_two_hundred_models_by_thirty_columns_are_one_bounded_page(
    client: Client, owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(owner, 199, 29)
    measured(owner, "a model", 1, 0.5)
    known = board.read(owner, filters_in(QueryDict("")))
    for column in known.columns:
        scores = board_ranks.scores_in(known.rows, column)
        ranks = {str(score.pk): 1 for score in scores}
        Ranking.objects.create(key=board_ranks.key_of(scores), column=column.key, ranks=ranks)
    with django_assert_max_num_queries(15):
        found = client.get("/evaluation/").content.decode()
    assert found.count('scope="row" class="fixed"') == 200
    assert found.count('class="rank"') == 199 * 29 + 1


def test_what_people_preferred_stands_on_the_same_board(
    client: Client, owner: User, tmp_path: Path
) -> None:
    project = projects.create(owner=owner, name="Sky")
    rows = [
        {
            "task": f"t{k}",
            "prompt": f"Why is sky {k} blue?",
            "annotator": "ada",
            "candidates": [{"text": f"{k} {name}", "model": name} for name in ("strong", "weak")],
            "tiers": [[0], [1]] if k else [[0, 1]],
        }
        for k in range(6)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    import_preferences(project=project, path=path, format_name="annotations")
    measured(owner, "strong", 1, 0.5)
    found = page(client, "/evaluation/")
    assert "0.917" in found and "compared by people" in found
    assert "0.917" not in page(client, "/evaluation/?people=none")


def test_a_name_of_a_system_stands_without_a_link(client: Client, owner: User) -> None:
    fill(owner, 2, 1)
    System.objects.filter(name="system 1").update(name="other's")
    assert "other&#x27;s" in page(client, "/evaluation/")
