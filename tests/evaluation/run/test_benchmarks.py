"""The catalogue holds together, and makers' files become rows."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evaluation import benchmarks, metrics
from evaluation.benchmarks import BenchmarkError, bringing, perturbing, readers
from evaluation.run import harness
from evaluation.run.contamination import share
from evaluation.run.measuring import ALL_RIGHT, is_own
from evaluation.run.spec import Asked

ABOVE = Path(__file__).parents[4:6]  # beside the project, or beside its work trees
SHARED = next((f for f in (a / "shared/data" for a in ABOVE) if f.is_dir()), ABOVE[0] / "none")
QUESTION = {"stem": "What falls?", "choices": [{"text": "a stone", "label": "A"}]}
NESTED = {
    "text": "Ada met Bob.",
    "questions": [{"question": "Who?", "answers": [{"text": "Ada", "label": 1}]}],
}
SQUAD = {
    "data": [
        {
            "paragraphs": [
                {
                    "context": "Ada met Bob.",
                    "qas": [{"id": "1", "question": "Whom?", "answers": [{"text": "Bob"}]}],
                }
            ]
        }
    ]
}


@pytest.mark.parametrize("task", benchmarks.tasks().values(), ids=lambda task: task.name)
def test_every_task_has_its_file_its_measures_and_its_reader(task: benchmarks.Task) -> None:
    if task.kind == "harness":
        wanted = task.harness.replace("{part}", "anatomy")
        assert harness.yaml_of(wanted).is_file()
    for measure in task.measures:
        if measure != ALL_RIGHT and not is_own(Asked(task), measure):
            metrics.measure_named(measure)
    assert task.items or task.files or task.hub or task.of
    if task.files:
        readers.get(task.files["reader"])
        assert task.files["hint"] and task.files["rows"]


def test_near_names_are_suggested() -> None:
    with pytest.raises(BenchmarkError, match="Did you mean 'cola'"):
        benchmarks.benchmark("colla")
    assert len(benchmarks.benchmark("glue").tasks) == 9
    assert len(benchmarks.benchmark("super_glue").tasks) == 8


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("sst2", "sentence\tlabel\nA fine film.\t1\n", {"sentence": "A fine film.", "label": 1}),
        (
            "qnli",
            "index\tquestion\tsentence\tlabel\n0\tWhy?\tSo.\tnot_entailment\n",
            {"question": "Why?", "sentence": "So.", "label": 1},
        ),
        (
            "boolq",
            {"question": "is it", "passage": "It is.", "label": True},
            {"question": "is it", "passage": "It is.", "label": 1},
        ),
        (
            "multirc",
            {"passage": NESTED},
            {"paragraph": "Ada met Bob.", "question": "Who?", "answer": "Ada", "label": 1},
        ),
        (
            "record",
            {
                "passage": {"text": "Ada met Bob.", "entities": [{"start": 0, "end": 2}]},
                "qas": [{"query": "@placeholder met.", "answers": [{"text": "Ada"}]}],
            },
            {
                "passage": "Ada met Bob.",
                "query": "@placeholder met.",
                "entities": ["Ada"],
                "answers": ["Ada"],
            },
        ),
        (
            "arc_easy",
            {"question": QUESTION, "answerKey": "A"},
            {
                "question": "What falls?",
                "choices": {"text": ["a stone"], "label": ["A"]},
                "answerKey": "A",
            },
        ),
        (
            "xquad_en",
            SQUAD,
            {
                "context": "Ada met Bob.",
                "question": "Whom?",
                "answers": {"text": ["Bob"], "answer_start": [-1]},
            },
        ),
        (
            "bbh_navigate",
            {"examples": [{"input": "Turn.", "target": "No"}]},
            {"input": "Turn.", "target": "No"},
        ),
        (
            "dialogsum",
            {"fname": "t1", "dialogue": "Hi.", "summary1": "A.", "summary2": "B."},
            {"id": "t1", "dialogue": "Hi.", "references": ["A.", "B."]},
        ),
    ],
)
def test_makers_files_become_rows(tmp_path: Path, name: str, content: Any, row: Any) -> None:
    file = tmp_path / "file"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    task = benchmarks.task(name)
    found = bringing.bring(task, task.split, [file], tmp_path / "here")
    assert json.loads(found.path.read_text().splitlines()[0]) == {**row, "idx": 0}
    assert (found.rows, found.whole) == (1, False)


def test_parallel_files_must_have_as_many_lines(tmp_path: Path) -> None:
    english, german = tmp_path / "flickr.en.gz", tmp_path / "flickr.de"
    english.write_bytes(gzip.compress(b"A dog.\nA cat.\n"))
    german.write_text("Ein Hund.\n")
    task = benchmarks.task("multi30k_en_de")
    with pytest.raises(BenchmarkError, match=r"flickr\.de has fewer lines than the others"):
        bringing.bring(task, "test", [english, german], tmp_path / "here")
    german.write_text("Ein Hund.\nEine Katze.\n")
    assert bringing.bring(task, "test", [english, german], tmp_path / "here").rows == 2


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cola", ["cola/in_domain_dev.tsv", "cola/out_of_domain_dev.tsv"]),
        ("sst2", ["sst2/dev.tsv"]),
        ("gsm8k", ["gsm8k/test.jsonl"]),
        ("xquad_en", ["xquad/xquad.en.json"]),
        ("dialogsum", ["dialogsum/dialogsum.test.jsonl"]),
        ("bbh_navigate", ["bbh/navigate.json"]),
        ("multi30k_en_fr", [f"multi30k/test_2016_flickr.{code}.gz" for code in ("en", "fr")]),
    ],
)
def test_the_published_files_are_whole(tmp_path: Path, name: str, files: list[str]) -> None:
    if not SHARED.is_dir():
        pytest.skip("The shared data is not on this machine.")
    task = benchmarks.task(name)
    assert bringing.bring(task, task.split, [SHARED / file for file in files], tmp_path).whole


def test_thirteen_words_in_a_row_mark_an_item(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(20)]
    seen = tmp_path / "train.jsonl"
    row = {"messages": [{"role": "user", "content": "So: " + ", ".join(words[:13]).upper() + "!"}]}
    seen.write_text(json.dumps(row) + "\n")
    items = [
        {"text": " ".join(words[:13])},
        {"text": " ".join(words[1:14])},
        {"text": " ".join(words[2:10])},
        {"text": " ".join(words[:7])},
    ]
    assert share([seen], items) == 0.5
    assert [item.get("seen", False) for item in items] == [True, False, True, False]
    assert share([], [{"text": "anything"}]) is None


def test_a_perturbed_task_changes_what_is_asked_and_nothing_else() -> None:
    row = {"text": "The FATHER told his   Daughter something wonderful.", "label": 1}
    found = perturbing.perturbed("gender", ["text"], row)
    assert found == {"text": "The MOTHER told her   Son something wonderful.", "label": 1}
    slipped = perturbing.typos("Seventeen wonderful neighbours " * 20)
    assert slipped == perturbing.typos("Seventeen wonderful neighbours " * 20)
    wrong = [word for word in slipped.split() if word not in "seventeen wonderful neighbours"]
    assert 0 < len(wrong) < 20
    letters = [sorted(word) for word in ("seventeen", "wonderful", "neighbours")]
    assert all(sorted(word) in letters for word in wrong)
