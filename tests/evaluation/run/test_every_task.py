"""Every task of the harness is asked over rows with the hub's columns, and gives its measures."""

import json
from pathlib import Path
from typing import Any

from evaluation import benchmarks
from evaluation.run import samples
from evaluation.run.running import SUCCEEDED, run
from tests.evaluation.run.conftest import lines
from tests.tiny_model import TINY_MODEL
from training.run.folder import RunFolder
from training.run.stopping import Stop

PAIR = {"sentence1": "A dog runs.", "sentence2": "An animal moves."}
CLAIM = {"premise": "A dog runs.", "hypothesis": "an animal moves"}
TRUTHS = {"choices": ["Yes.", "No."], "labels": [1, 0]}
TRUTHFUL = {"question": "Is it?", "mc1_targets": TRUTHS, "mc2_targets": TRUTHS}
LETTERS = {"text": ["a stone", "a cloud"], "label": ["A", "B"]}
ROWS: dict[str, dict[str, Any]] = {
    "cola": {"sentence": "The cat sat.", "label": 1},
    "sst2": {"sentence": "A fine film.", "label": 1},
    "mrpc": {**PAIR, "label": 1},
    "qqp": {"question1": "Is it?", "question2": "Was it?", "label": 0},
    "mnli": {**CLAIM, "label": 0},
    "qnli": {"question": "Who runs?", "sentence": "A dog runs.", "label": 0},
    "rte": {**PAIR, "label": 0},
    "wnli": {**PAIR, "label": 1},
    "boolq": {"question": "is it", "passage": "It is.", "label": 1},
    "boolq_typos": {"question": "is it", "passage": "It is wonderful.", "label": 1},
    "boolq_gender": {"question": "is he here", "passage": "He is.", "label": 1},
    "cb": {**CLAIM, "label": 1},
    "copa": {
        "premise": "It rained.",
        "choice1": "The street is wet.",
        "choice2": "The sun came.",
        "question": "effect",
        "label": 0,
    },
    "multirc": {"paragraph": "Ada met Bob.", "question": "Who?", "answer": "Ada", "label": 1},
    "record": {
        "passage": "Ada met Bob.\n@highlight\nThey talked",
        "query": "@placeholder met Bob.",
        "entities": ["Ada", "Bob"],
        "answers": ["Ada"],
    },
    "sglue_rte": {**CLAIM, "label": 0},
    "wic": {
        "word": "bank",
        "sentence1": "A bank lends.",
        "sentence2": "The bank of a river.",
        "start1": 2,
        "end1": 6,
        "label": 0,
    },
    "wsc": {
        "text": "Ada met Eve and she waved.",
        "span1_text": "Ada",
        "span2_text": "she",
        "span1_index": 0,
        "span2_index": 4,
        "label": 1,
    },
    "mmlu": {
        "question": "Where is it?",
        "choices": ["a", "b", "c", "d"],
        "answer": 2,
        "subject": "anatomy",
    },
    "hellaswag": {
        "ctx_a": "A man runs.",
        "ctx_b": "he",
        "activity_label": "Running",
        "endings": ["stops.", "flies.", "sings.", "melts."],
        "label": "0",
    },
    "arc_easy": {"question": "What falls?", "choices": LETTERS, "answerKey": "A"},
    "arc_challenge": {"question": "What falls?", "choices": LETTERS, "answerKey": "B"},
    "truthfulqa_mc1": TRUTHFUL,
    "truthfulqa_mc2": TRUTHFUL,
    "gsm8k": {"question": "1 + 1?", "answer": "It is 2.\n#### 2"},
    "xquad_en": {
        "context": "Ada met Bob.",
        "question": "Whom?",
        "answers": {"text": ["Bob"], "answer_start": [8]},
    },
    "bbh_navigate": {"input": "Turn. Do you return?", "target": "No"},
    "bbh_date_understanding": {"input": "Which day?\nOptions:\n(A) one\n(B) two", "target": "(B)"},
    "dialogsum": {"id": "1", "dialogue": "She: Hi. He: Hi.", "references": ["They met.", "Hi."]},
    "multi30k_en_de": {"en": "A dog.", "references": ["Ein Hund."]},
}


def test_every_task_is_asked_and_gives_its_measures(tiny_models_dir: Path, tmp_path: Path) -> None:
    rows = {name: {benchmarks.task(name).split: [row] * 2} for name, row in ROWS.items()}
    folder = asked_of(tiny_models_dir, tmp_path, rows, shots=0, settings={"max_tokens": 2})
    assert run(folder, Stop()) == SUCCEEDED, lines(folder.events_file)[-1]
    scores = json.loads((folder.path / "scores.json").read_text())
    found = {name: [s["measure"] for s in scores if s["task"] == name] for name in ROWS}
    warned = [each["text"] for each in lines(folder.events_file) if each["kind"] == "warning"]
    assert warned == ["DialogSum: gender_gap is undefined for these items."]
    found["dialogsum"].append("gender_gap")
    assert found == {name: list(benchmarks.task(name).measures) for name in ROWS}
    assert all(score["n"] == 2 or score["measure"] == "all_right" for score in scores)


def test_worked_examples_are_the_benchmark_s_own(tiny_models_dir: Path, tmp_path: Path) -> None:
    """GSM8K: five of its training split; thinking aloud, the eight that come with it. MMLU: the
    first five of the same subject."""
    subjects = ["anatomy", "virology"]
    drawn = {
        "gsm8k": {
            "train": [{"question": f"Train {n}?", "answer": f"#### {n}"} for n in range(9)],
            "test": [{"question": "1 + 1?", "answer": "#### 2"}],
        },
        "gsm8k_cot": {"test": [{"question": "1 + 1?", "answer": "#### 2"}]},
        "mmlu": {
            "dev": [
                {**ROWS["mmlu"], "question": f"{subject} {n}?", "subject": subject}
                for subject in subjects
                for n in range(5)
            ],
            "test": [
                {**ROWS["mmlu"], "question": f"{subject} asked?", "subject": subject}
                for subject in subjects
            ],
        },
    }
    folder = asked_of(tiny_models_dir, tmp_path, drawn, settings={"max_tokens": 2})
    assert run(folder, Stop()) == SUCCEEDED, lines(folder.events_file)[-1]
    (sum_,) = samples.read(folder.path, "gsm8k")
    assert sum_["prompt"].count("Question: Train") == 5 and sum_["prompt"].count("####") == 5
    assert sum_["prompt"].endswith("Question: 1 + 1?\nAnswer:")
    (aloud,) = samples.read(folder.path, "gsm8k_cot")
    assert aloud["prompt"].count("The answer is") == 8
    for subject, item in zip(subjects, samples.read(folder.path, "mmlu"), strict=True):
        asked = [line for line in item["prompt"].splitlines() if line.endswith("?")]
        assert asked == [*(f"{subject} {n}?" for n in range(5)), f"{subject} asked?"]


def asked_of(
    models: Path, home: Path, rows: dict[str, dict[str, list[dict[str, Any]]]], **spec: Any
) -> RunFolder:
    """A run's folder over rows by task and split."""
    told = []
    for name, splits in rows.items():
        data = {}
        for split, each in splits.items():
            path = home / f"{name}-{split}.jsonl"
            path.write_text(
                "".join(json.dumps({**row, "idx": n}) + "\n" for n, row in enumerate(each))
            )
            data[split] = str(path)
        told.append({**benchmarks.task(name).to_dict(), "data": data})
    folder = RunFolder(home / "run")
    model = {"name": TINY_MODEL, "path": str(models / TINY_MODEL)}
    folder.write_config({"model": model, "tasks": told, **spec})
    return folder
