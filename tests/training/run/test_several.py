"""One run by two processes: what one process learns from the same rows, told once."""

import multiprocessing
import os
import socket
from typing import Any

import pytest

from tests.training.run.conftest import RunMaker, events_of, measures_of, weights_of
from tests.training.run.test_reward import RUDE
from tests.training.run.test_sft import SUMS
from training.run import checkpoints
from training.run.folder import RunFolder
from training.run.launching import stop_file
from training.run.running import CANCELLED, SUCCEEDED, run
from training.run.stopping import Stop

ROWS: dict[str, list[dict[str, Any]]] = {"sft": SUMS, "reward": RUDE}
SHORT = {"batch_size": 4, "max_steps": 4, "save_every": 2, "evaluate_every": 2}
QUIET = {"sft": {"sample_tokens": 0}, "reward": {}}
PLAIN = {"kind": "lora", "rank": 4, "dropout": 0.0}


def together(folder: RunFolder) -> list[int]:
    """Exit codes of two processes, forked with what `accelerate launch` would tell them."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}

    def train(rank: int) -> None:
        places = {"RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": str(port)}
        forget_being_alone()
        os.environ.update(own | places | {"ACCELERATE_USE_CPU": "true"})
        os._exit(run(folder, Stop(stop_file(folder))))

    context = multiprocessing.get_context("fork")
    children = [context.Process(target=train, args=(rank,)) for rank in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(180)
    return [child.exitcode if child.exitcode is not None else -1 for child in children]


def forget_being_alone() -> None:
    """Accelerate keeps what it found out about the process that this one was forked from."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize("method", ["sft", "reward"])
def test_two_processes_stop_and_go_on_together_and_learn_what_one_learns(
    run_of: RunMaker, method: str
) -> None:
    import torch

    settings = SHORT | QUIET[method]
    alone, both = (
        run_of(method, name, ROWS[method], peft=PLAIN, **settings) for name in ("alone", "both")
    )
    assert run(alone, Stop()) == SUCCEEDED
    stop_file(both).touch()
    assert together(both) == [CANCELLED, CANCELLED]
    assert [path.name for path in both.checkpoints.glob("checkpoint-*")] == ["checkpoint-1"]
    stop_file(both).unlink()
    assert together(both) == [SUCCEEDED, SUCCEEDED]
    first, second = measures_of(alone), measures_of(both)
    assert first.keys() == second.keys()
    for step in range(1, 5):
        assert second[step]["loss"] == pytest.approx(first[step]["loss"], rel=1e-4)
    for step in (2, 4):
        name = "held_out_loss"
        assert second[step][name] == pytest.approx(first[step][name], rel=1e-4)
    one, other = weights_of(alone), weights_of(both)
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)
    assert [event["state"] for event in events_of(both, "ended")] == ["cancelled", "succeeded"]
    assert [event["done"] for event in events_of(both, "progress")] == [1, 2, 3, 4]
    assert all(not checkpoints.problem_with(path) for path in checkpoints.all_of(both.checkpoints))
