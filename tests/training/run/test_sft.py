"""Instruction tuning from a run's folder: what it learns, tells, and goes on from."""

import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from llmkit.tuning.sequences import IGNORED, completions
from tests.training.run.conftest import (
    SUMS,
    RunMaker,
    events_of,
    in_a_child,
    measures_of,
    weights_of,
)
from training.run import checkpoints
from training.run.folder import RunFolder
from training.run.running import CANCELLED, FAILED, SUCCEEDED, run
from training.run.stopping import Stop

SHORT = {"batch_size": 4, "save_every": 2, "evaluate_every": 4, "sample_tokens": 4}


def same(first: RunFolder, second: RunFolder) -> bool:
    import torch

    one, other = weights_of(first), weights_of(second)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_only_the_completion_and_its_end_are_learned(tiny_models_dir: Path) -> None:
    from llmkit.tuning.opening import open_base

    opened = open_base(tiny_models_dir / "tiny")
    rows = [SUMS[1], {"messages": [{"role": "user", "content": "x" * 90}], "completion": "y"}]
    encoded = completions(opened.prompts, rows, eos=opened.eos, longest=60)
    (example,) = encoded.sequences
    learned = [label for label in example.labels if label != IGNORED]
    assert opened.tokenizer.decode(learned) == "It is 2.<|im_end|>"
    prompt = opened.tokenizer.decode(example.tokens[: -len(learned)])
    assert prompt == "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n"
    assert (encoded.cut, encoded.dropped) == (0, 1)


def test_a_message_cannot_forge_the_end_of_a_turn(tiny_models_dir: Path) -> None:
    from llmkit.tuning.opening import open_base

    opened = open_base(tiny_models_dir / "tiny")
    row = {"messages": [{"role": "user", "content": "<|im_end|>"}], "completion": "<|im_end|>"}
    (example,) = completions(opened.prompts, [row], eos=opened.eos, longest=99).sequences
    assert example.tokens.count(opened.eos) == 2
    assert [label for label in example.labels if label != IGNORED].count(opened.eos) == 1


def test_a_run_learns_and_tells_its_measures_samples_and_end(run_of: RunMaker) -> None:
    folder = run_of("sft", max_steps=12, learning_rate=0.01, **SHORT)
    assert run(folder, Stop()) == SUCCEEDED
    measures = measures_of(folder)
    assert list(measures) == list(range(13))
    assert measures[12]["held_out_loss"] < measures[0]["held_out_loss"] - 0.5
    assert {"loss", "learning_rate", "gradient_norm", "memory_bytes"} <= measures[5].keys()
    assert {event["step"] for event in events_of(folder, "sample")} == {0, 4, 8, 12}
    (ended,) = events_of(folder, "ended")
    assert ended["measures"]["held_out_loss"] == measures[12]["held_out_loss"]
    assert [checkpoints.step_of(path) for path in checkpoints.all_of(folder.checkpoints)] == [
        12,
        10,
    ]


def test_a_stopped_run_goes_on_to_the_same_weights(run_of: RunMaker) -> None:
    alone, stopped = (
        run_of("sft", "alone", max_steps=6, **SHORT),
        run_of("sft", "stopped", max_steps=6, **SHORT),
    )
    assert run(alone, Stop()) == SUCCEEDED
    child = in_a_child(stopped)
    wait_for_step(stopped, 3)
    child.terminate()
    child.join(60)
    assert child.exitcode == CANCELLED
    (ended,) = events_of(stopped, "ended")
    assert ended["state"] == "cancelled"
    assert run(stopped, Stop()) == SUCCEEDED
    assert same(alone, stopped)
    assert next(e["step"] for e in events_of(stopped, "resumed")) >= 3


def wait_for_step(folder: RunFolder, step: int) -> None:
    deadline = time.monotonic() + 60
    while not any(event["done"] >= step for event in events_of(folder, "progress")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_steps(folder: RunFolder, count: int, child: Any) -> None:
    """Until so many steps have been told in all, or the child has ended."""
    while child.is_alive() and len(events_of(folder, "progress")) < count:
        child.join(0.01)


@pytest.mark.faults
def test_killed_at_ten_random_moments_it_ends_with_the_weights_of_a_run_left_alone(
    run_of: RunMaker,
) -> None:
    alone, killed = (
        run_of("sft", "alone", max_steps=16, **SHORT),
        run_of("sft", "killed", max_steps=16, **SHORT),
    )
    assert run(alone, Stop()) == SUCCEEDED
    dice = random.Random(5)
    for _ in range(10):
        seen, child = len(events_of(killed, "progress")), in_a_child(killed)
        wait_for_steps(killed, seen + dice.randrange(5), child)
        child.join(dice.uniform(0, 0.1))
        child.kill()
        child.join()
        assert child.exitcode in (-signal.SIGKILL, SUCCEEDED)
    assert run(killed, Stop()) == SUCCEEDED
    assert same(alone, killed)
    assert len(events_of(killed, "resumed")) >= 1
    first, second = measures_of(alone), measures_of(killed)
    assert [first[s]["loss"] for s in range(1, 17)] == [second[s]["loss"] for s in range(1, 17)]


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(run_of: RunMaker) -> None:
    alone, damaged = (
        run_of("sft", "alone", max_steps=6, **SHORT),
        run_of("sft", "damaged", max_steps=6, **SHORT),
    )
    assert run(alone, Stop()) == run(damaged, Stop()) == SUCCEEDED
    newest = checkpoints.folder_of(damaged.checkpoints, 6)
    (newest / "optimizer.pt").write_bytes(b"nonsense")
    assert run(damaged, Stop()) == SUCCEEDED
    (warning,) = events_of(damaged, "warning")
    assert warning["text"].startswith("The checkpoint of step 6 can't be used: optimizer.pt")
    assert same(alone, damaged)


def test_a_run_that_died_after_its_last_step_takes_no_other(run_of: RunMaker) -> None:
    folder = run_of("sft", max_steps=4, **SHORT)
    assert run(folder, Stop()) == SUCCEEDED
    before = weights_of(folder)
    shutil.rmtree(folder.artifact)
    assert run(folder, Stop()) == SUCCEEDED
    assert max(event["done"] for event in events_of(folder, "progress")) == 4
    after = weights_of(folder)
    assert before.keys() == after.keys()
    assert all(before[name].equal(after[name]) for name in before)


def test_several_datasets_are_mixed_in_their_shares(run_of: RunMaker) -> None:
    from tests.training.run.conftest import write_rows

    folder = run_of("sft", max_steps=1, batch_size=2, sample_tokens=0)
    write_rows(folder.data / "other.jsonl", SUMS[:4])
    config = folder.read_config()
    config["data"].append({"name": "b", "files": {"train": "data/other.jsonl"}, "weight": 3.0})
    folder.write_config(config)
    assert run(folder, Stop()) == SUCCEEDED
    logs = [event["text"] for event in events_of(folder, "log")]
    assert [text.split(" rows")[0] for text in logs] == ["train: 24", "train: 4", "validation: 8"]


def test_a_mixture_has_rows_in_the_shares_of_its_weights(
    run_of: RunMaker, tiny_models_dir: Path
) -> None:
    """Weights 1 and 3 for two datasets of equal size: a quarter and three quarters."""
    from llmkit.tuning.opening import open_base
    from tests.training.run.conftest import write_rows
    from training.methods import sft
    from training.run.events import Events, Report
    from training.run.work import work_of

    folder = run_of("sft", max_steps=1)
    config = folder.read_config()
    for name, weight in (("a", 1.0), ("b", 3.0)):
        asked = [{"role": "user", "content": name}]
        rows = [{"messages": asked, "completion": f"{name}{n}"} for n in range(200)]
        write_rows(folder.data / f"{name}.jsonl", rows)
        config["data"].append({"name": name, "files": {"train": f"data/{name}.jsonl"}})
        config["data"][-1]["weight"] = weight
    config["data"] = config["data"][1:]
    work = work_of(folder, Report(Events(folder.events_file)), Stop(), config)
    opened = open_base(tiny_models_dir / "tiny")
    mixed = sft.mixture(sft.Config(), work, opened)
    first = [opened.tokenizer.decode(row["input_ids"])[17] for row in mixed]
    assert set(first) == {"a", "b"}
    assert first.count("b") / len(first) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"method": "sfft"}, "'sfft' is not a known training method. Did you mean 'sft'?"),
        ({"config": {"max_stepz": 3}}, "There is no setting 'max_stepz'. Did you mean"),
        ({"peft": {"kind": "lora", "rank": 0}}, "Rank must be at least 1."),
        ({"data": [{"name": "x", "files": {"train": "data/gone.jsonl"}}]}, "The run's data file"),
        ({"model": {"name": "x", "path": "/nowhere"}}, "The model folder nowhere is damaged"),
        ({"config": {"max_length": 8}}, "No row is left to train on."),
    ],
)
def test_what_is_wrong_with_a_run_is_one_sentence(
    run_of: RunMaker, change: dict[str, object], sentence: str
) -> None:
    folder = run_of("sft", max_steps=1)
    folder.write_config(folder.read_config() | change)
    assert run(folder, Stop()) == FAILED
    (ended,) = events_of(folder, "ended")
    assert ended["error"].startswith(sentence)
    assert not folder.artifact.exists()
