"""Evaluations from the shell: what goes in is checked, what dies goes on, the board is all or
nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from accounts.models import User
from chat.models import PromptTemplate, PromptTemplateVersion
from evaluation.models import EvaluationRun, Score
from evaluation.run import samples
from evaluation.services.errors import EvaluationsError
from evaluation.services.runs import making, working
from evaluation.services.runs.asking import asked
from evaluation.services.runs.child import EvaluationChild
from tests.evaluation.runs.conftest import ForkedEvaluation
from training.models import Job, ModelVersion
from training.run.folder import RunFolder
from training.services import datasets

pytestmark = [pytest.mark.django_db, pytest.mark.both]
Shell = Callable[..., Any]
ROWS = [
    {"input": f"Say {word}.", "references": [word], "id": str(n)}
    for n, word in enumerate(["yes", "no", "cold", "warm"])
]


def evaluate(shell: Shell, *more: str, benchmark: str = "starter_facts") -> Any:
    return shell("evaluate", "--model", "tiny", "--benchmark", benchmark, "--limit", "3", *more)


@pytest.mark.usefixtures("ready", "forked")
def test_a_benchmark_from_the_shell_gives_scores_with_intervals_and_cost(shell: Shell) -> None:
    found = evaluate(shell)
    assert (found["status"], found["items"]) == ("succeeded", 3)
    main = found["scores"][0]
    assert (main["task"], main["measure"], main["n"], main["main"]) == (
        "starter_facts",
        "acc_norm",
        3,
        True,
    )
    low, high = main["interval"]
    assert low <= main["value"] <= high
    assert "lm-eval 0.4.13" in main["signature"] and "shots:own" in main["signature"]
    assert found["cost"]["prompt_tokens"] > 0 and found["cost"]["seconds"] > 0
    assert found["facts"]["answered_by"] == "own process"
    assert Score.objects.newest().count() == len(found["scores"])


@pytest.mark.usefixtures("ready", "forked")
def test_a_dataset_with_a_template_is_asked_and_scored(
    shell: Shell, admin: User, tasks: list[Any]
) -> None:
    files = {"test.jsonl": ROWS}
    version = datasets.freeze(
        name="words", kind="evaluation", files=files, source={}, report={}, made_by=admin
    )
    spec = {
        "instruction": "Answer with one word.",
        "fields": [{"name": "question", "label": "Question"}],
        "input_format": "{question}",
        "examples": [{"inputs": {"question": "Say on."}, "output": "on"}],
    }
    wanted = asked(
        {
            "model": "tiny",
            "dataset": version,
            "prompt": {"name": "One word", "version": 2, "spec": spec},
            "shots": 1,
            "settings": {"max_tokens": 6},
            "measures": ["exact_match", "rougeL"],
        }
    )
    run = making.create(asked=wanted, owner=admin)
    assert working.run(run_id=str(run.pk), attempt=1)
    run.refresh_from_db()
    assert (run.status, run.error, run.shared) == ("succeeded", "", False)
    assert {score.task for score in run.scores.all()} == {"dataset:words"}
    first = next(samples.read(run.folder, "dataset:words"))
    assert first["references"] == ["yes"]
    turns = [(each["role"], each["content"]) for each in first["messages"]]
    assert turns[-1] == ("user", "Say yes.")
    assert ("assistant", "on") in turns
    assert "Say yes." in first["prompt"]


@pytest.mark.usefixtures("ready", "forked")
def test_a_template_is_named_in_the_shell_as_its_owner_calls_it(shell: Shell, admin: User) -> None:
    datasets.freeze(
        name="words",
        kind="evaluation",
        files={"test.jsonl": ROWS[:1]},
        source={},
        report={},
        made_by=admin,
    )
    fields = [{"name": "question", "label": "Question"}]
    spec = {"instruction": "Be short.", "fields": fields, "input_format": "Asked: {question}"}
    template = PromptTemplate.objects.create(owner=admin, name="Short")
    PromptTemplateVersion.objects.create(template=template, number=1, spec=spec)
    asked = ["evaluate", "--model", "tiny", "--dataset", "words", "--max-tokens", "2"]
    asked += ["--owner", admin.username]
    with pytest.raises(CommandError, match="Did you mean 'Short'"):
        shell(*asked, "--template", "Shrot")
    found = shell(*asked, "--template", "Short", "--measures", "exact_match")
    assert (found["template"], found["status"]) == ("Short", "succeeded")
    item = next(samples.read(EvaluationRun.objects.get().folder, "dataset:words"))
    assert "Be short." in item["prompt"] and "Asked: Say yes." in item["prompt"]


@pytest.mark.usefixtures("ready", "forked")
def test_killed_it_goes_on_and_asks_nothing_twice(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def dying(folder: RunFolder) -> ForkedEvaluation:
        process = ForkedEvaluation(folder)
        started.append(process.pid)
        book = folder.path / "outputs.jsonl"
        if len(started) == 1:
            while not (book.is_file() and book.stat().st_size):
                pass
            process.kill()
        return process

    monkeypatch.setattr(EvaluationChild, "make", staticmethod(lambda key: dying))
    found = evaluate(shell, benchmark="starter_arithmetic")
    assert (found["status"], found["attempt"]) == ("succeeded", 2)
    run = EvaluationRun.objects.get()
    lines = (run.folder / "outputs.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == len(set(keys)) == 3


@pytest.mark.usefixtures("ready", "forked")
def test_what_does_not_load_is_told_and_nothing_is_on_the_board(shell: Shell, ready: Path) -> None:
    weights = next(ready.glob("*.safetensors"))
    weights.unlink()
    weights.write_bytes(b"no weights")
    with pytest.raises(CommandError, match="tiny is damaged or incomplete"):
        evaluate(shell)
    run = EvaluationRun.objects.get()
    assert run.status == "failed" and not Score.objects.exists()


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model": "tinny", "benchmark": "starter"}, "Did you mean 'tiny'"),
        ({"model": "tiny", "benchmark": "starters"}, "Did you mean 'starter'"),
        ({"model": "tiny"}, "Name a benchmark"),
        ({"model": "tiny", "benchmark": "cola", "limit": 0}, "limit must be between"),
        ({"model": "tiny", "benchmark": "cola", "settings": {"top_p": 3}}, "Top-p must be"),
        ({"model": "tiny", "dataset": "nothing"}, "There is no dataset 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_row_is_made(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(EvaluationsError, match=said):
        asked(values)
    assert not EvaluationRun.objects.exists()


@pytest.mark.usefixtures("ready")
def test_a_waiting_run_is_cancelled_at_once_and_can_be_resumed(
    admin: User, tasks: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = making.create(asked=asked({"model": "tiny", "benchmark": "starter"}), owner=admin)
    making.cancel(run=run)
    run.refresh_from_db()
    assert run.status == "cancelled" and run.can_resume
    with django_capture_on_commit_callbacks(execute=True):
        making.resume(run=run)
    assert tasks == [(str(run.pk), 1), (str(run.pk), 2)]
    assert not working.run(run_id=str(run.pk), attempt=1)
    with pytest.raises(EvaluationsError, match="is at work"):
        making.remove(run=run)


@pytest.mark.usefixtures("ready", "forked")
def test_what_a_model_was_trained_on_marks_its_scores(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A dialogue of the starter pack lies in the training data of the model's parent."""
    from evaluation import benchmarks
    from evaluation.benchmarks import bringing
    from training.models import TrainingData, TrainingJob

    task = benchmarks.task("starter_summaries")
    items = bringing.local(task, tmp_path)["test"].path.read_text().splitlines()
    learnt = {"text": "Before. " + json.loads(items[1])["dialogue"].upper() + " After."}
    version = datasets.freeze(
        name="learnt",
        kind="text",
        files={"train.jsonl": [learnt]},
        source={},
        report={},
    )
    tiny = ModelVersion.objects.get(name="tiny")
    parent = ModelVersion.objects.create(name="parent", source="run", path="nowhere")
    job = TrainingJob.objects.create(
        name="a", method="sft", model=tiny, produced=parent, state=Job.State.DONE
    )
    TrainingData.objects.create(job=job, version=version, place=0)
    ModelVersion.objects.filter(pk=tiny.pk).update(parent=parent)
    found = evaluate(shell, "--max-tokens", "4", benchmark="starter_summaries")
    assert found["scores"][0]["contaminated"] == pytest.approx(1 / 3)
