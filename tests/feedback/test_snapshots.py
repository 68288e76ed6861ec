"""Freezing: the same bytes from the same rankings, no leaks, nothing dropped in silence."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django.fixtures import Settings

from feedback import exporting
from feedback.models import Annotation, Candidate, Labeler, Project, RankingTask
from feedback.services import projects, tasks
from feedback.services.errors import FeedbackError
from feedback.services.imports import import_preferences
from feedback.services.snapshots import Recipe, Snapshot, freeze, report, snapshot
from training.models import DatasetVersion
from training.services.datasets import DatasetError, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_data(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def project() -> Project:
    return projects.create(owner=None, name="Sky")


def row(task: int, annotator: str, tiers: list[list[int]], **more: Any) -> dict[str, Any]:
    return {
        "task": f"t{task}",
        "prompt": f"What is the colour of thing number {task} * {task * 7919}?",
        "candidates": [{"text": f"blue {task}"}, {"text": f"green {task}"}, {"text": f"{task}"}],
        "annotator": annotator,
        "tiers": tiers,
        **more,
    }


def bring(project: Project, folder: Path, *rows: dict[str, Any]) -> None:
    path = folder / f"rows-{project.imports.count()}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    import_preferences(project=project, path=path, format_name="annotations")


def made(project: Project) -> Snapshot:
    return snapshot(project=project, recipe=Recipe())


STRICT = [[0], [1], [2]]
TIED = [[0, 1, 2]]


def test_votes_are_joined_and_each_task_weighs_one(project: Project, tmp_path: Path) -> None:
    bring(
        project,
        tmp_path,
        row(1, "ada", [[0], [1], [2]]),
        row(1, "bob", [[1], [0], [2]]),
        row(1, "eve", [[0], [1, 2]]),
    )
    pairs = made(project).rows("pairs")
    assert [(p["chosen"], p["rejected"], p["votes"]) for p in pairs] == [
        ("blue 1", "green 1", {"for": 2, "against": 1, "ties": 0}),
        ("blue 1", "1", {"for": 3, "against": 0, "ties": 0}),
        ("green 1", "1", {"for": 2, "against": 0, "ties": 1}),
    ]
    assert sum(p["weight"] for p in pairs) == pytest.approx(1)
    assert {tuple(p["vector"]) for p in pairs} == {(1, 0)}


def test_contradictions_gold_voided_and_undone_rankings_are_left_out_and_counted(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT), row(1, "bob", [[1], [0], [2]]))
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in (2, 3, 4)))
    RankingTask.objects.filter(external_id="t2").update(gold=[[0], [1], [2]])
    of = Annotation.objects.filter
    of(task__external_id="t3").update(voided_at=timezone.now())
    of(task__external_id="t4").update(withdrawn=True)
    found = made(project)
    assert {p["messages"][0]["content"][:31] for p in found.rows("pairs")} == {
        "What is the colour of thing num"
    }
    assert {p["task"] for p in found.rows("pairs")} == set(
        RankingTask.objects.filter(external_id="t1").values_list("pk", flat=True)
    )
    assert report(found)["dropped"] == {
        "gold task": 1,
        "people contradict each other": 1,
        "voided": 1,
    }


def test_a_models_rankings_are_never_mixed_in_unasked(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, row(1, "judge", STRICT))
    Labeler.objects.update(kind=Labeler.Kind.AI)
    assert report(made(project))["dropped"] == {"ranked by a model": 1}
    asked = snapshot(project=project, recipe=Recipe(include_ai=True))
    assert [row["labeled_by"] for row in asked.rows("pairs")] == ["model"] * 3


def test_a_models_ranking_never_outvotes_a_persons_and_is_never_exported_as_one(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "judge", STRICT), row(2, "judge", STRICT), row(2, "ada", TIED))
    Labeler.objects.filter(name="judge").update(kind=Labeler.Kind.AI)
    version = freeze(project=project, name="sky", recipe=Recipe(include_ai=True))
    assert version.report["dropped"] == {"ranked by a model where people have ranked": 1}
    assert version.report["by_model"] == 3
    for form in exporting.FORMS:
        who = [told["labeled_by"] for told in exporting.rows(version, form)]
        assert who
        assert set(who) <= {"model", "people"}
    assert [told["labeled_by"] for told in exporting.rows(version, "ties")] == ["people"] * 3


def test_all_bad_gives_only_undesirable_rows(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT, all_bad=True))
    found = made(project)
    assert found.rows("pairs") == []
    assert [r["label"] for r in found.rows("unpaired")] == [False, False, False]


def test_a_confirmed_edit_beats_what_it_edits(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, row(1, "ada", [[0, 1, 2]]))
    [annotation] = Annotation.objects.all()
    original = Candidate.objects.get(text="green 1")
    edit = Candidate.objects.create(
        task=original.task, text="bluish green", text_hash="x", parent=original
    )
    Annotation.objects.update(edit=edit)
    assert made(project).rows("pairs") == []
    Annotation.objects.update(edit_is_better=True)
    [pair] = made(project).rows("pairs")
    assert (pair["chosen"], pair["rejected"], pair["weight"]) == ("bluish green", "green 1", 1)
    assert pair["annotations"] == [annotation.pk]


def test_freezing_twice_gives_the_same_version_and_new_rows_move_no_old_one(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(30)))
    first = freeze(project=project, name="sky")
    assert freeze(project=project, name="sky") == first
    bring(project, tmp_path, *(row(n, "ada", STRICT) for n in range(30, 60)))
    second = freeze(project=project, name="sky")
    assert second.number == 2
    for split in ("train", "validation", "test"):
        name = f"pairs.{split}.jsonl"
        old, new = list(rows_of(first, name)), list(rows_of(second, name))
        assert new[: len(old)] == old
    with pytest.raises(TypeError, match="never changes"):
        first.save()


def test_a_file_that_was_changed_afterwards_is_not_read(
    project: Project, tmp_path: Path, settings: Settings
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT))
    version = freeze(project=project, name="sky")
    name = next(name for name, facts in version.files.items() if facts["rows"])
    with (Path(settings.DATA_DIR) / version.path / name).open("a") as file:
        file.write("{}\n")
    with pytest.raises(DatasetError, match="was changed after it was frozen"):
        list(rows_of(version, name))


def test_nothing_to_freeze_makes_no_version(project: Project) -> None:
    with pytest.raises(FeedbackError, match="no rankings to freeze"):
        freeze(project=project, name="sky")
    assert not DatasetVersion.objects.exists()


def test_only_the_newest_revision_on_the_newest_set_gives_pairs(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT), row(2, "ada", STRICT))
    first = Annotation.objects.get(task__external_id="t1")
    again = Annotation.objects.get(pk=first.pk)
    again.pk, again.key, again.revision, again.tiers = None, "again", 2, [[2], [1], [0]]
    again.save(force_insert=True)
    old = RankingTask.objects.get(external_id="t2")
    more = Candidate.objects.create(task=old, text="red", text_hash="red")
    tasks.set_of(old, [*old.candidates.exclude(pk=more.pk), more])
    found = made(project)
    assert {a for pair in found.rows("pairs") for a in pair["annotations"]} == {again.pk}
    assert found.rows("pairs")[0]["rejected"] == "blue 1"
    assert found.dropped["ranked an older version of the candidates"] == 1


def test_who_wrote_an_answer_does_not_rank_it(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT), row(1, "bob", [[0], [1, 2]]))
    Candidate.objects.filter(text="blue 1").update(author=Labeler.objects.get(name="ada"))
    found = made(project)
    assert [pair["votes"]["for"] for pair in found.rows("pairs")] == [1, 1]
    assert found.dropped["ranked an answer of their own"] == 1


def test_chosen_sources_alone_take_part_and_rows_name_theirs(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", STRICT), row(2, "bob", STRICT))
    Annotation.objects.filter(labeler__name="bob").update(source=Annotation.Source.CHAT)
    asked = freeze(project=project, name="sky", recipe=Recipe(sources=("chat",)))
    assert asked.source["sources"] == ["chat"]
    assert asked.report["sources"] == {"chat": 3}
    assert asked.report["dropped"] == {"from a source that was left out": 1}
    with pytest.raises(FeedbackError, match="no source 'radio'"):
        snapshot(project=project, recipe=Recipe(sources=("radio",)))


def test_ties_are_exported_apart_at_one_half_and_pairs_with_the_better_one_first(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", [[0], [1, 2]]))
    version = freeze(project=project, name="sky")
    [tie] = exporting.rows(version, "ties")
    assert (tie["answers"], tie["p"]) == (["green 1", "1"], 0.5)
    pairs = list(exporting.rows(version, "vector"))
    assert [(p["answers"], p["vector"], p["weight"]) for p in pairs] == [
        (["blue 1", "green 1"], [1, 0], 0.5),
        (["blue 1", "1"], [1, 0], 0.5),
    ]


def test_parquet_has_the_rows_of_json_lines_and_its_columns_when_empty(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, row(1, "ada", [[0], [1, 2]]))
    version = freeze(project=project, name="sky")
    for form in exporting.FORMS:
        tables = {}
        for split in ("train", "validation", "test"):
            exporting.write(version, form, tmp_path / "out.parquet", split)
            tables[split] = pyarrow.parquet.read_table(tmp_path / "out.parquet")
        told = [found for table in tables.values() for found in table.to_pylist()]
        assert told == list(exporting.rows(version, form))
        assert len({tuple(table.column_names) for table in tables.values()}) == 1


@pytest.mark.parametrize("form", [f for f in exporting.FORMS if f not in ("vector", "ties")])
def test_what_is_exported_reads_back_the_same(project: Project, tmp_path: Path, form: str) -> None:
    bring(project, tmp_path, row(1, "ada", [[0], [1, 2]]))
    freeze(project=project, name="sky")
    out = tmp_path / "out.jsonl"
    call_command("export_dataset", "sky", format=form, out=out)
    again = projects.create(owner=None, name="Again")
    reader = "hh-rlhf" if form == "hh-rlhf" else "trl"
    import_preferences(project=again, path=out, format_name=reader)
    kind = exporting.FORMS[form].kind
    told = made(again).rows(kind)
    want = made(project).rows(kind)
    same = ("completion", "label") if kind == "unpaired" else ("chosen", "rejected")
    assert [[r[key] for key in same] for r in told] == [[r[key] for key in same] for r in want]
    assert {r["messages"][0]["content"].strip() for r in told} == {
        want[0]["messages"][0]["content"]
    }


def test_the_shell_says_what_is_wrong_in_one_sentence(project: Project) -> None:
    with pytest.raises(CommandError, match="There is no dataset 'sky'"):
        call_command("export_dataset", "sky", format="trl", out=Path("x"))
    with pytest.raises(CommandError, match="no rankings"):
        call_command("freeze_dataset", project="sky", name="x")
    with pytest.raises(CommandError, match="There is no project 'land'"):
        call_command("agreement", project="land")
