"""A run's folder: whole checkpoints, events that survive a kill, one process at a time."""

import errno
import json
import os
from pathlib import Path

import pytest

from training.run import checkpoints
from training.run.errors import RunError, sentence_for
from training.run.events import Events, Report, read_events
from training.run.folder import RunFolder


def write_checkpoint(root: Path, step: int) -> Path:
    with checkpoints.writing(root, step) as folder:
        (folder / "weights").write_bytes(bytes(range(step)))
        (folder / "state").write_text(json.dumps({"step": step}))
    return checkpoints.folder_of(root, step)


def test_the_newest_whole_checkpoint_is_taken_and_damaged_ones_are_named(tmp_path: Path) -> None:
    for step in (2, 4, 10, 12):
        write_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-12" / "weights").unlink()
    (tmp_path / "checkpoint-10" / "weights").write_bytes(b"other bytes")
    told: list[str] = []
    found = checkpoints.newest_whole(tmp_path, told.append)
    assert found == tmp_path / "checkpoint-4"
    assert told == [
        "The checkpoint of step 12 can't be used: weights is missing.",
        "The checkpoint of step 10 can't be used: weights is damaged.",
    ]


def test_a_checkpoint_without_its_manifest_does_not_count(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1)
    unfinished = checkpoints.folder_of(tmp_path, 3)
    unfinished.mkdir()
    (unfinished / "weights").write_bytes(b"half")
    assert checkpoints.newest_whole(tmp_path, lambda text: None) == tmp_path / "checkpoint-1"


def test_an_error_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    write_checkpoint(root, 1)
    with pytest.raises(OSError, match="No space"), checkpoints.writing(root, 2) as folder:
        (folder / "weights").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [path.name for path in root.iterdir()] == ["checkpoint-1"]


def test_pruning_keeps_the_newest(tmp_path: Path) -> None:
    for step in (1, 2, 9, 10):
        write_checkpoint(tmp_path, step)
    checkpoints.prune(tmp_path, keep=2)
    assert [checkpoints.step_of(path) for path in checkpoints.all_of(tmp_path)] == [10, 9]


def test_events_are_read_from_an_offset_on_and_half_a_line_is_not_an_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = Events(path)
    Report(events).metrics(1, {"loss": 2.0, "perplexity": float("inf")})
    (first,) = read_events(path)
    assert first[1]["values"] == {"loss": 2.0, "perplexity": None}
    with path.open("ab") as file:
        file.write(b'{"kind": "metr')
    assert list(read_events(path, first[0])) == []
    Report(Events(path)).log("again")
    ((_, event),) = read_events(path, first[0])
    assert (event["kind"], event["text"]) == ("log", "again")


def test_two_processes_never_train_in_one_folder(tmp_path: Path) -> None:
    mine = RunFolder(tmp_path)
    with mine.held():
        child = os.fork()
        if child == 0:
            os._exit(refused_in(tmp_path))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    with RunFolder(tmp_path).held():
        pass


def refused_in(path: Path) -> int:
    try:
        with RunFolder(path).held():
            return 0
    except RunError:
        return 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "The run ran out of memory. Lower it."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out of memory."),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory."), "the GPU's memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "The run ran out of memory."),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "The disk is full"),
        (ValueError("first line\nsecond"), "The run failed: ValueError: first line"),
        (RunError("Give it data."), "Give it data."),
    ],
)
def test_what_a_run_dies_of_becomes_one_sentence(error: Exception, words: str) -> None:
    found = sentence_for(error, lower="Lower it.")
    assert words in found
    assert "\n" not in found
