"""Two models item by item, and the leaderboard: what stands in it, in what order, at what cost."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.utils import timezone
from pytest_django.asserts import assertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import User
from evaluation.models import EvaluationRun, Ranking, Score, System
from evaluation.run.samples import Sample
from evaluation.services import board, comparing_items, scoring, scoring_files, scoring_saving
from evaluation.services.board_export import with_ranks
from evaluation.services.board_filters import filters_in
from evaluation.services.scoring_files import Columns
from training.models import ModelVersion

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ITEMS = 40


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def saved(tmp_path: Path, owner: User) -> list[EvaluationRun]:
    """Of 40 items `good` gets 36 right, `alike` 35 of them, `bad` 8."""
    rows = [
        {
            "reference": "yes",
            "good": said(k, 36),
            "alike": said(k, 35),
            "bad": said(k, 8),
            "s": k // 2,
        }
        for k in range(ITEMS)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    names = {name: name for name in ("good", "alike", "bad")}
    sheet = scoring_files.read(path, path.name, Columns(("reference",), names))
    scores = scoring.score(sheet, scoring.wanted(["exact_match", "bleu"]))
    return scoring_saving.save(name="quiz", sheet=sheet, scores=scores, owner=owner)


def said(place: int, right: int) -> str:
    return "yes" if place < right else "no"


def command(capsys: pytest.CaptureFixture[str], name: str, **options: Any) -> str:
    call_command(name, **options)
    return capsys.readouterr().out


def test_two_models_are_compared_on_their_items(
    saved: list[EvaluationRun], capsys: pytest.CaptureFixture[str]
) -> None:
    out = command(capsys, "compare", benchmark="file:quiz", models="good,bad", format="json")
    found = json.loads(out)
    (task,) = found["tasks"]
    assert (task["won"], task["lost"], task["tied"]) == (28, 0, 12)
    assert task["difference"] == pytest.approx(28 / 40)
    assert task["p"] == pytest.approx(2 * 0.5**28) and task["test"] == "mcnemar|exact"
    low, high = task["interval"]
    assert low < task["difference"] < high
    out = command(capsys, "compare", benchmark="file:quiz", models="good,alike", measure="bleu")
    assert "paired bootstrap" in out and "won 1, lost 0, tied 39" in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"benchmark": "file:quizz", "models": "good,bad"}, "Did you mean 'file:quiz'"),
        ({"benchmark": "file:quiz", "models": "good,bat"}, "Did you mean 'bad'"),
        ({"benchmark": "file:quiz", "models": "good"}, "Name two different models"),
        ({"benchmark": "file:quiz", "models": "good,bad", "measure": "acc"}, "no scores of acc"),
    ],
)
def test_what_cannot_be_compared_is_told(
    saved: list[EvaluationRun], options: dict[str, str], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("compare", **options)


def test_runs_of_another_convention_are_not_compared(saved: list[EvaluationRun]) -> None:
    EvaluationRun.objects.filter(pk=saved[1].pk).update(convention="two shots")
    with pytest.raises(CommandError, match="never measured on 'file:quiz' in the same way"):
        call_command("compare", benchmark="file:quiz", models="good,alike")


def test_two_runs_are_compared_however_they_were_asked(
    saved: list[EvaluationRun], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same model with and without examples: signatures differ, items are the same."""
    good, alike, bad = saved
    Score.objects.filter(run=bad).update(signature="with two shots")
    EvaluationRun.objects.filter(pk=bad.pk).update(
        convention="two shots", system=good.system, subject=good.subject
    )
    both = f"{good.pk},{bad.pk}"
    found = json.loads(command(capsys, "compare", runs=both, format="json"))
    assert found["models"] == ["good, outputs from a file"] * 2
    assert found["tasks"][0]["difference"] == pytest.approx(28 / 40)
    with pytest.raises(CommandError, match="There is no run 'nothing' that is done"):
        call_command("compare", runs=f"{good.pk},nothing")
    EvaluationRun.objects.filter(pk=alike.pk).update(matter="file:other")
    with pytest.raises(CommandError, match="measured different things"):
        call_command("compare", runs=f"{good.pk},{alike.pk}")


def test_a_script_hears_of_what_the_board_does_not_know(saved: list[EvaluationRun]) -> None:
    for options, told in (
        ({"benchmark": "file:quizz"}, "Did you mean 'file:quiz'"),
        ({"since": "yesterday"}, "--since takes a day"),
    ):
        with pytest.raises(CommandError, match=told):
            call_command("leaderboard", **options)


def test_an_item_of_a_pack_is_worth_what_its_own_task_is_averaged_by() -> None:
    found: list[Sample] = [
        {"task": "starter_facts", "values": {"acc": 0.0, "acc_norm": 1.0}},
        {"task": "starter_summaries", "values": {"rougeL": 0.25, "rouge1": 0.5}},
        {"task": "starter_sentiment", "values": {}},
    ]
    assert comparing_items.values_of(found, "starter", None) == [1.0, 0.25, None]
    assert comparing_items.values_of(found, "gsm8k", [1, 0, None]) == [1, 0, None]


def test_the_leaderboard_shares_ranks_and_knows_them_again(
    saved: list[EvaluationRun], capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(command(capsys, "leaderboard", format="json"))["scores"]
    assert [(one["model"], one["rank"]) for one in found] == [("good", 1), ("alike", 1), ("bad", 3)]
    assert [one["mean_win_rate"] for one in found] == [1.0, 0.5, 0.0]
    assert found[0]["signature"].startswith("exact_match|squad") and found[0]["n"] == ITEMS
    assert Ranking.objects.count() == 1
    again = board.read(None, filters_in(QueryDict("")))
    assert again.unranked == []
    table = list(
        csv.DictReader(io.StringIO(command(capsys, "leaderboard", format="csv", measures="all")))
    )
    assert len(table) == 6 and table[0]["low"] < table[0]["value"] < table[0]["high"]


def test_without_its_items_a_column_has_no_ranks(saved: list[EvaluationRun]) -> None:
    for path in (saved[0].folder / "samples").glob("*"):
        path.unlink()
    found = with_ranks(board.read(None, filters_in(QueryDict(""))))
    assert {cell.rank for row in found.rows for cell in row.cells.values()} == {None}


def measured(owner: User, name: str, parameters: int, value: float, **fields: Any) -> ModelVersion:
    version = ModelVersion.objects.create(
        name=name, kind="base", source="folder", parameters=parameters, size_bytes=parameters * 2
    )
    given = {"ended_at": timezone.now(), "seconds": 10.0, "prompt_tokens": 100, **fields}
    run = EvaluationRun.objects.create(
        owner=owner, name=name, model=version, subject=f"model:{version.pk}", state="done",
        matter="benchmark:cola@1", benchmark="cola", convention="0", shots=0, **given,
    )  # fmt: skip
    both: dict[str, Any] = {"run": run, "task": "cola", "n": 9}
    Score.objects.create(**both, measure="matthews", main=True, value=value, signature="m")
    Score.objects.create(**both, measure="words", value=9, signature="w", place=1)
    return version


def names(query: str) -> list[str]:
    return [row.name for row in board.read(None, filters_in(QueryDict(query))).rows]


def test_the_leaderboard_is_filtered_and_sorted_by_its_address(owner: User) -> None:
    old = timezone.now() - timedelta(days=40)
    measured(owner, "tiny", 100_000_000, 0.1, seconds=1.0)
    measured(owner, "big", 7_000_000_000, 0.5, ended_at=old)
    assert names("") == ["big", "tiny"]
    assert names("up=1") == ["tiny", "big"]
    assert names("sort=seconds") == ["tiny", "big"]
    assert names("sort=name") == ["big", "tiny"]
    assert names("size=small") == ["tiny"]
    assert names("base=big") == ["big"]
    assert names(f"since={(timezone.now() - timedelta(days=2)).date()}") == ["tiny"]
    assert names("benchmark=other") == []
    assert names("size=huge&since=yesterday&sort=nonsense") == ["big", "tiny"]
    assert len(board.read(None, filters_in(QueryDict("measures=all"))).columns) == 2


def test_a_stranger_sees_nothing_of_what_is_not_shared(owner: User, member: User) -> None:
    measured(owner, "secret", 1, 0.5)
    assert board.read(member, filters_in(QueryDict(""))).rows == []
    assert len(board.read(owner, filters_in(QueryDict(""))).rows) == 1


def fill(owner: User, models: int, columns: int) -> None:
    systems = System.objects.bulk_create(
        System(name=f"system {k}", owner=owner) for k in range(models)
    )
    runs = EvaluationRun.objects.bulk_create(
        EvaluationRun(
            owner=owner, name=system.name, system=system, subject=f"system:{system.pk}",
            matter="m@1", convention="c", state="done", ended_at=timezone.now(),
        )
        for system in systems
    )  # fmt: skip
    Score.objects.bulk_create(
        Score(run=run, task=f"task {k}", measure="acc", main=True, signature="s", n=100,
              value=(place + k) % 97 / 97, low=0, high=1)
        for place, run in enumerate(runs) for k in range(columns)
    )  # fmt: skip


def test_two_hundred_models_by_thirty_columns_take_four_queries(owner: User) -> None:
    fill(owner, 199, 29)
    measured(owner, "a model", 1, 0.5)
    with assertNumQueries(4):
        found = board.read(None, filters_in(QueryDict("")))
    assert (len(found.rows), len(found.columns), len(found.unranked)) == (200, 30, 29)
