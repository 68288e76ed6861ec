"""Outputs made elsewhere: the reference tools' numbers, rows refused, all on the board or none."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from accounts.models import User
from evaluation.models import EvaluationRun, Score, System
from evaluation.run import samples
from evaluation.services import scoring, scoring_files, scoring_saving
from evaluation.services.scoring_files import Columns
from llmkit.scoring import open_scorer
from tests.tiny_model import TINY_MODEL
from tests.tiny_rewards import build_reward
from training.models import ModelVersion

ROWS: list[dict[str, Any]] = [
    {"id": "1", "reference": "It is very cold outside", "A": "It is cold outside", "B": "Warm."},
    {"id": "2", "reference": ["The Eiffel Tower", "a tower"], "A": "Eiffel tower!", "B": ""},
    {"id": "3", "reference": "Paris is big", "A": "Paris is big", "B": "Paris was a big city"},
    {"id": "3", "reference": "So is London", "A": "London too", "B": "So is London"},
]
BROKEN: list[dict[str, Any]] = [
    {"id": "5", "reference": " ", "A": "x", "B": "y"},
    {"id": "6", "reference": "ok", "A": "x"},
    {"id": "7", "reference": "ok", "A": {"text": 1}, "B": "y"},
]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    path = tmp_path / "outputs.jsonl"
    lines = [json.dumps(row) for row in ROWS + BROKEN]
    path.write_text("\n".join([*lines[:2], "{not json", *lines[2:]]))
    return path


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def run(path: Path, capsys: pytest.CaptureFixture[str], *more: str, **options: Any) -> Any:
    given = {"reference": ["reference"], "systems": ["A,B"], "metrics": "rouge,bleu,exact_match"}
    call_command("score_outputs", str(path), *more, format="json", **{**given, **options})
    return json.loads(capsys.readouterr().out)


def test_the_numbers_are_those_of_the_reference_tools(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(outputs, capsys, source="id")
    references = [row["reference"] for row in ROWS]
    several = [one if isinstance(one, list) else [one] for one in references]
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    for name in "AB":
        said = [str(row[name]) for row in ROWS]
        pairs = list(zip(said, several, strict=True))
        rouge = [scorer.score_multi(texts, output)["rougeL"] for output, texts in pairs]
        mine = found["systems"][name]
        assert mine["rougeL"]["value"] == pytest.approx(sum(s.fmeasure for s in rouge) / 4)
        assert mine["rougeL_recall"]["value"] == pytest.approx(sum(s.recall for s in rouge) / 4)
        columns = [[t[k] if k < len(t) else None for t in several] for k in range(2)]
        bleu = BLEU()
        score = bleu.corpus_score(said, columns)  # type: ignore[arg-type]
        assert mine["bleu"]["value"] == pytest.approx(score.score)
        assert mine["bleu"]["value_01"] == pytest.approx(score.score / 100)
        assert mine["bleu"]["signature"].endswith(str(bleu.get_signature()))
        low, high = mine["bleu"]["interval"]
        assert low <= mine["bleu"]["value"] <= high and mine["bleu"]["n"] == 4
    assert found["systems"]["A"]["exact_match"]["value"] == 0.5
    assert "sources:3" in found["systems"]["A"]["exact_match"]["interval_method"]


def test_refused_rows_and_empty_outputs_are_told(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(outputs, capsys)
    assert [one["row"] for one in found["refused"]] == [3, 6, 7, 8]
    assert found["refused"][1:] == [
        {"row": 6, "why": "reference is empty"},
        {"row": 7, "why": "B is missing"},
        {"row": 8, "why": "A is not text"},
    ]
    assert (found["scored"], found["empty_outputs"]) == (4, {"A": 0, "B": 1})


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"reference": ["refrence"]}, "There is no column 'refrence'. Did you mean 'reference'"),
    ({"systems": ["A,C"]}, "There is no column 'C'"),
    ({"systems": ["A=x,B=x"]}, "Two columns are called x"),
    ({"systems": ["A,reference"]}, "can't be reference and output at once"),
    ({"metrics": "rogue"}, "Did you mean 'rouge'"),
    ({"metrics": "choices"}, "which a file of outputs has not"),
    ({"metrics": "reward"}, "name a reward model"),
    ({"metrics": "pearson"}, "The reference of item 1 is not a number"),
    ({"reward_model": "nobody"}, "nobody"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("options", "told"), WRONG, ids=lambda x: str(x)[:40])
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_kept(
    options: dict[str, Any],
    told: str,
    outputs: Path,
    capsys: pytest.CaptureFixture[str],
    owner: User,
) -> None:
    with pytest.raises(CommandError, match=told):
        run(outputs, capsys, save="my file", **options)
    assert not EvaluationRun.objects.exists() and not System.objects.exists()


@pytest.mark.django_db
def test_a_reward_model_judges_the_outputs_under_their_prompts(
    tiny_models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], owner: User
) -> None:
    base = ModelVersion.objects.create(
        name="tiny", source="folder", path=str(tiny_models_dir / TINY_MODEL)
    )
    build_reward(base.folder, tmp_path / "rewards" / "taste")
    ModelVersion.objects.create(
        name="taste", kind="reward", source="run", base=base, parent=base, path="rewards/taste"
    )
    said = {"A": ["Gladly.", "Here it is."], "B": ["No.", "I won't."]}
    path = tmp_path / "judged.jsonl"
    rows = [
        {"prompt": f"Ask {n}", "reference": "Yes.", "A": a, "B": b}
        for n, (a, b) in enumerate(zip(*said.values(), strict=True))
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    asked = {"metrics": "reward", "reward_model": "taste", "prompt": "prompt"}
    found = run(path, capsys, save="judged", **asked)
    scorer = open_scorer(base.folder, tmp_path / "rewards" / "taste")
    for name, texts in said.items():
        turns = [[{"role": "user", "content": f"Ask {n}"}] for n in range(2)]
        wanted = scorer.score(list(zip(turns, texts, strict=True)))
        assert found["systems"][name]["reward"]["value"] == pytest.approx(sum(wanted) / 2)
        assert Score.objects.get(run__system__name=name).value == pytest.approx(sum(wanted) / 2)


def test_a_system_that_never_says_anything_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.csv"
    path.write_text("reference,A,B\none,one,\ntwo,two,\n")
    columns = Columns(("reference",), {"A": "A", "B": "B"})
    with pytest.raises(scoring_files.EvaluationsError, match="Every output of B is empty"):
        scoring_files.read(path, path.name, columns)


@pytest.mark.django_db
def test_saved_scores_are_on_the_board_with_their_items(
    outputs: Path, capsys: pytest.CaptureFixture[str], owner: User
) -> None:
    found = run(outputs, capsys, save="my  file", systems=["A=ours,B"])
    assert set(found["saved"]) == {"ours", "B"}
    ours = EvaluationRun.objects.get(pk=found["saved"]["ours"])
    assert (ours.matter.split("@")[0], ours.owner, ours.subject_name) == (
        "file:my file",
        owner,
        "ours",
    )
    score = Score.objects.newest().get(run=ours, measure="bleu")
    assert score.value == found["systems"]["ours"]["bleu"]["value"] and score.n == 4
    kept = list(samples.read(ours.folder, "file:my file"))
    assert kept[1]["references"] == ["The Eiffel Tower", "a tower"]
    assert kept[1]["values"]["exact_match"] == 1
    run(outputs, capsys, save="my file", systems=["A=ours,B"])
    assert Score.objects.newest().filter(measure="bleu").count() == 2


@pytest.mark.django_db
def test_where_one_system_cannot_be_saved_none_is(outputs: Path, owner: User, member: User) -> None:
    System.objects.create(name="B", owner=member)
    sheet = scoring_files.read(outputs, outputs.name, Columns(("reference",), {"A": "A", "B": "B"}))
    scores = scoring.score(sheet, scoring.wanted(["rougeL"]))
    with pytest.raises(scoring_files.EvaluationsError, match="somebody else"):
        scoring_saving.save(name="f", sheet=sheet, scores=scores, owner=owner)
    assert not EvaluationRun.objects.exists()
    assert [system.name for system in System.objects.all()] == ["B"]
    assert not list(outputs.parent.glob("evaluations/*"))


def test_programs_are_run_in_the_sandbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from evaluation import sandbox

    if not sandbox.state().works:
        pytest.skip(sandbox.state().reason)
    head = "def double(x):\n"
    tests = "def check(f):\n    assert f(2) == 4\n"
    row = {"prompt": head, "test": tests, "name": "double"}
    rows = [
        {**row, "A": ["    return 2 * x", "    return x"]},
        {**row, "A": ["    1 / 0", "    return x"]},
    ]
    path = tmp_path / "code.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    options = {"prompt": "prompt", "entry_point": "name", "reference": ["test"], "systems": ["A"]}
    found = run(path, capsys, metrics="pass_at_k", **options)
    assert found["systems"]["A"]["pass@1"]["value"] == 0.25
    assert found["systems"]["A"]["pass@2"]["value"] == 0.5
