"""A run looked at before it begins: numbers by hand on a few rows of a byte tokenizer."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command

from accounts.models import User
from tests.training.test_runs import freeze
from training.models import TrainingJob
from training.planning import reading
from training.services import registry
from training.services.runs import making, preflight, preflight_reading, preflight_storing
from training.services.runs.asking import Asked, asked

pytestmark = pytest.mark.django_db
ASKED = [{"role": "user", "content": "Hi"}]
# <|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n: 1 + 5 + 2 + 1 + 1 + 1 + 10 bytes
PROMPT = 21
ROWS = [{"messages": ASKED, "completion": "x" * n} for n in (4, 9, 30)]
LONG = [{"messages": [{"role": "user", "content": "y" * 40}], "completion": "x"}]
PAIRS = [
    {"messages": ASKED, "chosen": "yes", "rejected": "no"},
    {"messages": ASKED, "chosen": "yes", "rejected": "n" * 40},
    {"messages": ASKED, "chosen": "yes", "rejected": "never"},
]


@pytest.fixture(autouse=True)
def looked_at_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """By this process, which has read torch already; the walk in a browser starts the real one."""

    def here(request: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(reading.facts(reading.Request(**request))))
        return found

    cache.clear()
    monkeypatch.setattr(preflight_reading, "looked", here)
    yield


@pytest.fixture
def ready(installed: Callable[[str], Path], admin: User, settings: Any) -> None:
    settings.DEFAULT_MODEL = "tiny"
    installed("tiny")
    freeze("few", "completion", {"train.jsonl": ROWS + LONG, "validation.jsonl": ROWS[:1]}, admin)
    freeze("more", "completion", {"train.jsonl": ROWS[:2] * 5}, admin)
    freeze("liked", "preference", {"pairs.train.jsonl": PAIRS}, admin)
    registry.sync()


def plan_of(method: str, **values: Any) -> preflight.Plan:
    return preflight.of(asked(method, {"peft": {"kind": "lora", "rank": 4}, **values}))


@pytest.mark.usefixtures("ready")
def test_rows_tokens_what_is_cut_and_what_is_left_out_by_hand() -> None:
    plan = plan_of("sft", dataset="few", max_length=40, batch_size=2, epochs=3)
    train = plan["splits"]["train"]
    assert (train["rows"], train["units"], train["cut"], train["dropped"]) == (4, 3, 1, 1)
    assert train["tokens"] == (PROMPT + 4 + 1) + (PROMPT + 9 + 1) + 40
    assert train["learned"] == 5 + 10 + (40 - PROMPT)
    assert train["lengths"]["max"] == 40
    assert sum(bar["count"] for bar in train["histogram"]) == 3
    assert plan["splits"]["validation"]["units"] == 1
    assert plan["steps"] == 3 * 2
    assert plan["memory"]["tokens"] == 2 * 40


@pytest.mark.usefixtures("ready")
def test_the_first_example_shows_the_template_and_which_tokens_are_learned() -> None:
    asked_of, answer = plan_of("sft", dataset="few")["example"]
    assert asked_of["text"] == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert (asked_of["learned"], asked_of["tokens"]) == (False, PROMPT)
    assert answer == {"text": "xxxx<|im_end|>", "learned": True, "tokens": 5, "left_out": 0}


@pytest.mark.usefixtures("ready")
def test_trainable_numbers_and_their_share_are_known_before_building() -> None:
    peft = {"kind": "lora", "rank": 4, "target_modules": "q_proj"}
    counts = plan_of("sft", dataset="few", peft=peft)["counts"]
    assert counts["trainable"] == 2 * 4 * (64 + 64)
    assert counts["share"] == counts["trainable"] / counts["total"]


@pytest.mark.usefixtures("ready")
def test_a_mixture_goes_on_until_each_dataset_was_used_up() -> None:
    mixed = [{"name": "few", "weight": 1}, {"name": "more", "weight": 3}]
    plan = plan_of("sft", dataset=mixed, batch_size=4)
    assert plan["units"] == 16
    assert plan["steps"] == 4


@pytest.mark.usefixtures("ready")
def test_pairs_of_a_prompt_are_read_together_and_those_too_long_are_counted() -> None:
    reward = plan_of("reward", dataset="liked", max_length=40, batch_size=8)
    train = reward["splits"]["train"]
    assert (train["units"], train["unit"], train["learned"]) == (1, "prompts", 2)
    assert (train["dropped"], train["most"], reward["steps"]) == (1, 3, 1)
    dpo = plan_of("dpo", dataset="liked", max_length=40, batch_size=1)
    assert (dpo["splits"]["train"]["units"], dpo["steps"]) == (2, 2)
    assert dpo["memory"]["tokens"] == 2 * (PROMPT + len("never") + 1)


@pytest.mark.usefixtures("ready")
def test_the_chosen_cell_is_marked_and_all_eight_are_there() -> None:
    cells = plan_of("sft", dataset="few")["memory"]["cells"]
    assert len(cells) == 8
    (chosen,) = [cell for cell in cells if cell["chosen"]]
    assert (chosen["precision"], chosen["full"]) == ("float32", False)
    quantised = plan_of("sft", dataset="few", peft="qlora")["memory"]["cells"]
    assert [cell["precision"] for cell in quantised if cell["chosen"]] == ["int4"]


@pytest.mark.usefixtures("ready")
def test_a_run_that_nobody_looked_at_gets_its_plan_from_a_worker(owner: User) -> None:
    job = making.create(asked=some(), owner=owner, tell=False)
    preflight_storing.store(job_id=str(job.pk))
    job.refresh_from_db()
    expected = preflight.of(some())
    for part in ("splits", "steps", "counts"):
        assert job.plan[part] == expected[part]
    preflight_storing.store(job_id=str(job.pk))
    assert TrainingJob.objects.get().plan == job.plan


def some(**values: Any) -> Asked:
    return asked("sft", {"dataset": "few", "max_steps": 2, **values})


@pytest.mark.usefixtures("ready")
def test_a_plan_is_stored_with_the_run_and_held_against_what_it_took(owner: User) -> None:
    assert making.create(asked=some(), owner=owner, tell=False).plan == {}
    plan = preflight.of(some())
    other_batch = making.create(asked=some(batch_size=8), owner=owner, tell=False)
    assert other_batch.plan["memory"]["tokens"] == 2 * plan["memory"]["tokens"]
    assert preflight.compared(other_batch) is None
    planned = other_batch.plan["memory"]["needed"]
    TrainingJob.objects.update(measures={"memory_peak_bytes": planned * 1.25})
    other_batch.refresh_from_db()
    assert preflight.compared(other_batch) == {
        "planned": planned,
        "took": planned * 1.25,
        "off": pytest.approx(0.25),
    }


@pytest.mark.usefixtures("ready")
def test_a_dry_run_tells_the_plan_and_makes_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "run.json", StringIO()
    file.write_text(json.dumps({"dataset": "few", "max_length": 40}))
    arguments = ("train", "sft", "--config", str(file), "--dry-run", "--format", "json")
    call_command(*arguments, stdout=out)
    plan = json.loads(out.getvalue())
    assert plan["splits"]["train"]["cut"] == 1
    call_command(*arguments[:-2], stdout=out)
    assert "Steps: 1." in out.getvalue()
    assert "* float32, adapter" in out.getvalue()
    assert not TrainingJob.objects.exists()


def test_of_many_rows_blocks_that_lie_evenly_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 40)
    monkeypatch.setattr(reading, "BLOCK", 10)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(400)))
    read = [row["n"] for row in reading.sampled(path, 400)]
    assert len(read) == 40
    assert read[:11] == [*range(10), 100]
    assert read[-1] == 309
