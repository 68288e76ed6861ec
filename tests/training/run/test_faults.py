"""What a run dies of, for real: no room on the disk, no memory; and that it goes on afterwards."""

import resource
from pathlib import Path
from typing import Any

import pytest

from tests.limits import in_a_process
from tests.training.run.conftest import RunMaker, events_of, measures_of
from tests.training.run.test_reward import RUDE
from tests.training.run.test_sft import SUMS, same
from training.run import checkpoints
from training.run.folder import RunFolder
from training.run.lowering import what_to_lower
from training.run.running import FAILED, FULL, SUCCEEDED, run
from training.run.stopping import Stop

ROWS: dict[str, list[dict[str, Any]]] = {"sft": SUMS, "reward": RUDE}
SHORT = {"batch_size": 2, "max_steps": 6, "save_every": 2, "evaluate_every": 6}
QUIET = {"sft": {"sample_tokens": 0}, "reward": {}}
ENOUGH_FOR_EVENTS = 4096


def full_after_a_checkpoint(full: RunFolder, room: int) -> int:
    """Train where no file may grow by more than `room` bytes once a checkpoint is whole."""
    seal = checkpoints.seal

    def sealed(folder: Path) -> None:
        seal(folder)
        most = full.events_file.stat().st_size + room
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    checkpoints.seal = sealed
    return run(full, Stop())


@pytest.mark.parametrize(
    ("method", "room", "code"), [("sft", ENOUGH_FOR_EVENTS, FAILED), ("reward", 100, FULL)]
)
def test_a_full_disk_leaves_the_last_checkpoint_whole_and_the_run_goes_on_from_it(
    run_of: RunMaker, method: str, room: int, code: int
) -> None:
    settings = SHORT | QUIET[method]
    alone, full = (run_of(method, name, ROWS[method], **settings) for name in ("alone", "full"))
    assert run(alone, Stop()) == SUCCEEDED
    assert in_a_process(lambda: full_after_a_checkpoint(full, room)) == code
    if code == FAILED:
        (ended,) = events_of(full, "ended")
        assert ended["error"].startswith("The disk is full, or a limit on files is reached.")
        assert ended["error"].endswith("the run goes on from step 2.")
    assert [path.name for path in full.checkpoints.glob("*-*")] == ["checkpoint-2"]
    assert run(full, Stop()) == SUCCEEDED
    assert [event["step"] for event in events_of(full, "resumed")] == [2]
    assert events_of(full, "warning") == []
    assert same(alone, full)
    assert measures_of(alone).keys() == measures_of(full).keys()


def test_too_little_memory_ends_in_a_sentence_that_names_the_settings(run_of: RunMaker) -> None:
    long = [row | {"completion": "word " * 150} for row in SUMS]
    folder = run_of("sft", "run", long, max_steps=2, batch_size=24, sample_tokens=0, max_length=900)

    def train() -> int:
        import torch  # noqa: F401

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (40 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        return run(folder, Stop())

    assert in_a_process(train) == FAILED
    (ended,) = events_of(folder, "ended")
    assert ended["error"] == (
        "The run ran out of memory. Clone it with a lower Batch size (it was 24), a lower Longest "
        "row (it was 900), Save memory switched on or QLoRA instead of LoRA."
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"method": "sft", "peft": {"kind": "full"}, "config": {"batch_size": 1}},
            "Longest row (it was 1,024), Save memory switched on or LoRA instead of All weights.",
        ),
        (
            {"method": "ppo", "peft": {"kind": "qlora"}, "config": {"minibatch": 2}},
            "a lower Minibatch (it was 2) or Save memory switched on.",
        ),
        ({"method": "gone"}, "Clone it with a lower batch size or shorter rows."),
    ],
)
def test_what_to_lower_goes_by_the_methods_own_settings(config: Any, words: str) -> None:
    assert words in what_to_lower(config)


def test_saving_memory_changes_nothing_of_what_a_reward_model_learns(run_of: RunMaker) -> None:
    plain = run_of("reward", "plain", RUDE, max_steps=3, batch_size=2, evaluate_every=9)
    saving = run_of(
        "reward",
        "saving",
        RUDE,
        max_steps=3,
        batch_size=2,
        evaluate_every=9,
        gradient_checkpointing=True,
    )
    assert run(plain, Stop()) == run(saving, Stop()) == SUCCEEDED
    assert same(plain, saving)
