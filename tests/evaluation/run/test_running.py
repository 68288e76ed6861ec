"""A folder is evaluated whole, broken off and gone on with; nothing is asked twice."""

import json
import resource
from collections.abc import Callable

import pytest

from evaluation.run import samples
from evaluation.run.errors import DISK_FULL
from evaluation.run.running import CANCELLED, FAILED, SUCCEEDED, run
from tests.evaluation.run.conftest import StopAfter, lines
from tests.limits import in_a_process
from training.run.folder import RunFolder
from training.run.running import FULL
from training.run.stopping import Stop

Folders = Callable[..., RunFolder]


def scores(folder: RunFolder) -> dict[tuple[str, str], tuple[float, int]]:
    found = json.loads((folder.path / "scores.json").read_text())
    return {(each["task"], each["measure"]): (each["value"], each["n"]) for each in found}


def test_the_starter_pack_runs_anywhere(folder_for: Folders) -> None:
    folder = folder_for("starter", limit=3)
    assert run(folder, Stop()) == SUCCEEDED
    found = json.loads((folder.path / "scores.json").read_text())
    assert {each["task"] for each in found} == set(samples.tasks_in(folder.path))
    assert [each["task"] for each in found if each["main"]] == [
        "starter_sentiment",
        "starter_facts",
        "starter_arithmetic",
        "starter_instructions",
        "starter_summaries",
    ]
    assert all(each["n"] == 3 and each["signature"] for each in found)
    last = lines(folder.events_file)[-1]
    assert last["state"] == "succeeded" and last["cost"]["completion_tokens"] > 0
    told = [each for each in lines(folder.events_file) if each["kind"] == "progress"][-1]
    assert (told["done"], told["total"]) == (15, 15)
    sample = next(samples.read(folder.path, "starter_instructions"))
    assert sample["prompt"].startswith("<|im_start|>user") and "one word" in sample["prompt"]
    choice = next(samples.read(folder.path, "starter_facts"))
    assert choice["output"] == choice["choices"][choice["chosen"]]
    assert len(choice["loglikelihoods"]) == 4 and choice["references"] == [" Paris"]


def test_what_was_broken_off_goes_on_without_asking_twice(folder_for: Folders) -> None:
    whole = folder_for("starter_facts", "starter_arithmetic", at="whole", limit=8)
    broken = folder_for("starter_facts", "starter_arithmetic", at="broken", limit=8)
    assert run(whole, Stop()) == SUCCEEDED
    assert run(broken, StopAfter(4)) == CANCELLED
    book = broken.path / "outputs.jsonl"
    before = book.read_bytes()
    assert 0 < len(before) < (whole.path / "outputs.jsonl").stat().st_size
    book.write_bytes(before + b'{"key": "torn off in the mid')
    assert run(broken, Stop()) == SUCCEEDED
    assert book.read_bytes().startswith(before)
    keys = [each["key"] for each in lines_whole(book)]
    assert len(keys) == len(set(keys)) == len(lines(whole.path / "outputs.jsonl"))
    assert scores(broken) == scores(whole)


def lines_whole(path: object) -> list[dict[str, object]]:
    """Without the line that a killed process left unfinished."""
    from evaluation.run.book import _lines

    return list(_lines(path))  # type: ignore[arg-type]


@pytest.mark.parametrize(("most", "code"), [(1500, FAILED), (60, FULL)])
def test_a_full_disk_is_named_and_the_evaluation_goes_on_from_what_is_done(
    folder_for: Folders, most: int, code: int
) -> None:
    whole, full = (folder_for("starter_facts", at=at, limit=8) for at in ("whole", "full"))
    assert run(whole, Stop()) == SUCCEEDED

    def without_room() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        return run(full, Stop())

    assert in_a_process(without_room) == code
    if code == FAILED:
        assert lines(full.events_file)[-1]["error"] == DISK_FULL
    assert run(full, Stop()) == SUCCEEDED
    assert scores(full) == scores(whole)


@pytest.mark.parametrize(
    ("name", "said"),
    [("cola", "Bring its files on the benchmarks page"), ("dialogsum", "Bring its files")],
)
def test_items_that_are_not_here_are_told(
    folder_for: Folders, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    folder = folder_for(name)
    assert run(folder, Stop()) == FAILED
    assert said in lines(folder.events_file)[-1]["error"]
    assert not (folder.path / "scores.json").exists()
