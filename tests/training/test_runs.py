"""Runs from the shell: what goes in is checked, what comes out is filed, nothing that dies is lost.

Processes are forked from this one, which has read torch; one test starts a process of its own.
"""

import json
import re
import signal
import socket
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from llmkit.engine.adapters import adapter_names, adapters_folder
from tests.training.forking import Forked, dying, killed_at_once
from tests.training.run.conftest import SUMS
from training.dataset_uses import dependants_of
from training.management.runs import termed_like_ctrl_c
from training.models import Job, ModelVersion, TrainingJob
from training.run.folder import RunFolder
from training.services import datasets, registry, removal
from training.services.errors import ModelsError
from training.services.runs import making, working
from training.services.runs.child import Child

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SHORT = {"max_steps": 6, "batch_size": 4, "save_every": 2, "evaluate_every": 4}
LORA = {"kind": "lora", "rank": 4, "dropout": 0.1}
PAIRS = [
    {"messages": [{"role": "user", "content": f"{n}?"}], "chosen": f"{n}.", "rejected": "No idea!"}
    for n in range(16)
]


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import peft  # noqa: F401

    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setattr(Child, "starter", Forked)
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.02)
    yield


@pytest.fixture
def ready(installed: Callable[[str], Path], admin: User, settings: Any) -> Path:
    """The tiny model as the default, and two datasets."""
    settings.DEFAULT_MODEL = "tiny"
    found = installed("tiny")
    halves = {"train.jsonl": SUMS[:24], "validation.jsonl": SUMS[24:]}
    freeze("sums", "completion", halves, admin)
    pairs = {"pairs.train.jsonl": PAIRS[:12], "pairs.validation.jsonl": PAIRS[12:]}
    freeze("liked", "preference", pairs, admin)
    registry.sync()
    return found


def freeze(name: str, kind: str, files: dict[str, Any], by: User) -> None:
    datasets.freeze(name=name, kind=kind, files=files, source={}, report={}, made_by=by)


@pytest.fixture
def shell(tmp_path: Path, owner: User) -> Callable[..., Any]:
    """`shell("train", "sft", dataset="sums")`: what the command prints, read as JSON."""

    def call(name: str, /, *arguments: str, wait: bool = True, **settings: Any) -> Any:
        out = StringIO()
        more = ["--wait"] if wait and name in ("train", "resume_job") else []
        if settings:
            path = tmp_path / "run.json"
            quiet = {"sample_tokens": 0} if "sft" in arguments else {}
            path.write_text(json.dumps({**SHORT, **quiet, **settings}))
            more += ["--config", str(path)]
        call_command(name, *arguments, *more, "--format", "json", stdout=out)
        return json.loads(out.getvalue())

    return call


def weights(name: str) -> bytes:
    version = ModelVersion.objects.get(name=name)
    return (version.folder / "adapter_model.safetensors").read_bytes()


@pytest.mark.usefixtures("ready")
def test_a_file_of_rows_becomes_an_adapter_that_is_there_to_pick(
    shell: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS))
    found = shell("train", "sft", name="sums", dataset_file="rows.jsonl", peft=LORA, seed=3)
    assert (found["status"], found["model_version"]) == ("succeeded", "tiny:sums")
    assert found["step"] == found["steps"] == 6
    assert found["measures"]["held_out_loss"] > 0
    version = ModelVersion.objects.get(name="tiny:sums")
    assert version.base == version.parent == ModelVersion.objects.get(name="tiny")
    assert version.content_hash
    assert version.base is not None
    registry.sync()
    assert ModelVersion.objects.get(name="tiny:sums").state == "ready"
    assert ModelVersion.objects.count() == 2
    assert adapter_names(adapters_folder(version.base.folder.parent) / "tiny") == ["sums"]
    folder = TrainingJob.objects.get().folder
    assert {path.name for path in folder.iterdir()} >= {"config.json", "data", "events.jsonl"}
    assert not (folder / "checkpoints").exists()
    assert not (folder / "artifact").exists()


def test_a_second_run_of_the_same_file_gets_a_name_of_its_own(
    ready: Path, forked: None, shell: Callable[..., Any]
) -> None:
    first, second = (shell("train", "reward", name="a", dataset="liked", peft=LORA) for _ in "ab")
    assert [first["name"], second["name"]] == ["a", "a-2"]
    assert weights("a") == weights("a-2")
    assert [job["name"] for job in shell("jobs")] == ["a-2", "a"]
    further = shell("train", "reward", name="b", dataset="liked", adapter="a")
    assert further["status"] == "succeeded"
    assert ModelVersion.objects.filter(name="b", parent__name="a", base__name="tiny").exists()


def test_killed_it_goes_on_as_a_new_attempt_to_the_same_weights(
    ready: Path, forked: None, shell: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("train", "reward", name="alone", dataset="liked", peft=LORA)
    monkeypatch.setattr(Child, "starter", dying(Forked, times=2))
    found = shell("train", "reward", name="killed", dataset="liked", peft=LORA)
    assert (found["status"], found["attempt"]) == ("succeeded", 3)
    assert weights("alone") == weights("killed")


def test_one_that_is_killed_again_and_again_is_given_up(
    ready: Path, forked: None, shell: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "starter", staticmethod(killed_at_once))
    with pytest.raises(
        CommandError, match=r"was killed 3 times at step 0, .*a lower Batch size \(it was 4\)"
    ):
        shell("train", "reward", name="doomed", dataset="liked", peft=LORA)
    monkeypatch.setattr(Child, "starter", Forked)
    assert shell("resume_job", "doomed")["status"] == "succeeded"


def test_a_dead_workers_run_is_taken_over_and_never_trained_twice(
    ready: Path, forked: None, shell: Callable[..., Any], tasks: list[tuple[str, int]]
) -> None:
    shell("train", "reward", wait=False, name="lost", dataset="liked", peft=LORA)
    job = TrainingJob.objects.get()
    dead = f"{socket.gethostname()}:1:0.00"
    assert TrainingJob.objects.claim(job.pk, attempt=1, worker=dead)
    assert not working.run(job_id=str(job.pk), attempt=1)
    working.reap()
    assert tasks[-1] == (str(job.pk), 2)
    assert not working.run(job_id=str(job.pk), attempt=1)
    left_behind = Forked(prepared(job))
    TrainingJob.objects.update(child=working.identity_of(left_behind.pid))
    working.run_next()
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert left_behind.wait(10) != 0


def prepared(job: TrainingJob) -> RunFolder:
    from training.services.runs import folders

    return folders.written(job)


def test_a_run_is_cancelled_with_a_checkpoint_and_resumed(
    ready: Path, forked: None, shell: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("train", "reward", wait=False, name="long", dataset="liked", peft=LORA, max_steps=4000)
    (job,) = TrainingJob.objects.all()
    real = working.Follower.beat
    monkeypatch.setattr(working.Follower, "beat", lambda self: real(cancelled(self)))
    assert working.run(job_id=str(job.pk), attempt=1)
    job.refresh_from_db()
    assert (job.state, job.error.split(" at ")[0]) == (Job.State.CANCELLED, "Stopped")
    assert 2 <= job.step < 4000
    with pytest.raises(CommandError, match="has ended already"):
        shell("cancel_job", str(job.pk))
    making.resume(job=job, tell=False)
    assert shell("cancel_job", str(job.pk)[:8])["status"] == "cancelled"


def cancelled(follower: Any) -> Any:
    """Someone presses the button once the run has done two steps."""
    if follower.job.step >= 2 and not follower.job.cancel_requested:
        making.cancel(job=follower.job)
        follower.job.cancel_requested = True
    return follower


def test_a_worker_that_is_to_end_gives_its_run_back_with_a_checkpoint(
    ready: Path,
    forked: None,
    shell: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tasks: list[tuple[str, int]],
) -> None:
    shell("train", "reward", wait=False, name="long", dataset="liked", peft=LORA, max_steps=4000)
    (job,) = TrainingJob.objects.all()
    whole = RunFolder(job.folder).checkpoints
    monkeypatch.setattr(working.leaving, "begun", lambda: any(whole.glob("checkpoint-*")))
    working.run_next()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.worker) == (Job.State.WAITING, 2, "")
    assert tasks[-1] == (str(job.pk), 2)
    assert job.deaths == 0


def test_a_reward_model_is_no_adapter_to_chat_with_and_it_scores_a_file(
    ready: Path, forked: None, shell: Callable[..., Any], tmp_path: Path
) -> None:
    found = shell("train", "reward", name="judge", dataset="liked", peft=LORA)
    assert found["model_version"] == "judge"
    version = ModelVersion.objects.get(name="judge")
    assert (version.kind, version.path) == ("reward", "rewards/judge")
    registry.sync()
    assert ModelVersion.objects.that_answer().count() == 1
    assert ModelVersion.objects.get(name="judge").state == "ready"
    with pytest.raises(CommandError, match="judge is of the kind reward model; it takes adapter"):
        shell("train", "sft", dataset="sums", adapter="judge")
    rows = [{"prompt": "1?", "completion": "1."}, {"messages": PAIRS[1]["messages"], "reply": "!"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scored = shell("score", "--reward-model", "judge", "--input", str(tmp_path / "in.jsonl"))
    assert [row["row"] for row in scored["scores"]] == [1, 2]
    assert scored["scores"][0]["score"] != scored["scores"][1]["score"]
    (tmp_path / "in.jsonl").write_text('{"prompt": "1?"}\n')
    with pytest.raises(CommandError, match="Row 1 has no completion"):
        shell("score", "--reward-model", "judge", "--input", str(tmp_path / "in.jsonl"))


def test_a_worker_takes_the_most_important_run_first(
    ready: Path, shell: Callable[..., Any]
) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 5)):
        shell("train", "sft", wait=False, name=name, dataset="sums", priority=priority)
    assert [job.name for job in TrainingJob.objects.queue()] == ["b", "c", "a"]


def test_runs_are_their_owners(
    ready: Path, shell: Callable[..., Any], trainer: User, admin: User
) -> None:
    shell("train", "sft", "--owner", trainer.username, wait=False, dataset="sums")
    assert TrainingJob.objects.of(trainer).count() == 1
    assert TrainingJob.objects.of(admin).count() == 0
    assert TrainingJob.objects.of(admin, everyone=True).count() == 1


@pytest.mark.parametrize(
    ("method", "wrong", "sentence"),
    [
        ("stf", {"name": "slip"}, "'stf' is not a known training method. Did you mean 'sft'"),
        ("sft", {"dataset": "sums", "max_stepz": 1}, "There is no setting 'max_stepz'. Did you"),
        ("sft", {"dataset": "sum"}, "There is no dataset 'sum'. Did you mean 'sums'"),
        ("sft", {"name": "empty"}, "Name a dataset."),
        ("sft", {"dataset": "liked"}, "Dataset: liked holds preference pairs; it takes prompts"),
        ("sft", {"dataset": "sums", "model": "tony"}, "There is no model 'tony'. Did you mean"),
        ("sft", {"dataset": "sums", "reward_model": "x"}, "Instruction tuning takes no reward_mod"),
        ("ppo", {"dataset": "sums"}, "Reward model: name one as reward_model."),
        ("sft", {"dataset": "sums", "peft": {"kind": "lora", "rank": 0}}, "Rank must be at least"),
        ("sft", {"dataset": "sums", "processes": 3}, "3 processes can't share batches of 4 evenly"),
        ("dpo", {"dataset": "liked", "peft": "full"}, "can't be done with"),
        ("sft", {"dataset": "sums", "name": "../up"}, "The name must have letters"),
        ("sft", {"dataset_file": "gone.jsonl"}, "dataset_file: "),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_makes_no_run(
    ready: Path, shell: Callable[..., Any], method: str, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        shell("train", method, **wrong)
    assert not TrainingJob.objects.exists()


def test_a_dataset_that_was_changed_after_freezing_ends_the_run(
    ready: Path, shell: Callable[..., Any], data: Path
) -> None:
    (file,) = data.glob("datasets/sums-*/train.jsonl")
    file.write_text("{}\n")
    with pytest.raises(CommandError, match="was changed after it was frozen"):
        shell("train", "sft", dataset="sums")


def test_what_a_run_uses_is_not_taken_away(
    ready: Path, shell: Callable[..., Any], admin: User
) -> None:
    shell("train", "sft", wait=False, name="needs", dataset="sums")
    (dependant,) = dependants_of([TrainingJob.objects.get().data.get().version])
    assert dependant.name == "run needs"
    with pytest.raises(ModelsError, match=r"The run needs uses tiny\. Wait until it ends"):
        removal.remove(version=ModelVersion.objects.get(name="tiny"))


def test_a_command_that_is_asked_to_end_stops_its_work_first() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), termed_like_ctrl_c():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
