"""`manage.py verify`: a sound installation holds every promise, and each breach of one is found."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from chat.models import Chunk, Conversation, Generation, Message
from evaluation.models import EvaluationRun, Score
from feedback.models import Annotation, Assignment, RankingTask
from feedback.services import labeling, projects
from feedback.services.tasks import NewAnswer, add_task
from llmkit.modelstore import PROVENANCE
from llmsite import invariants
from llmsite.invariants.invariant import NOTICED_AFTER
from tests.training.run_rows import report_of
from training.models import ModelVersion, TrainingJob
from training.run import checkpoints
from training.run.folder import RunFolder
from training.services import datasets
from training.services.runs.registering import manifest_hash

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LONG_AGO = timezone.now() - timedelta(days=3)
REFUSED_BY_THE_DATABASE = {
    "one_answer_at_a_time",
    "one_labeler_holds_a_place",
    "one_ranking_of_a_labeler_counts",
}


@dataclass
class Installation:
    """Something of everything, all of it sound."""

    data: Path
    answer: Generation
    claim: Assignment
    ranking: Annotation
    run: TrainingJob
    stopped: TrainingJob
    measured: EvaluationRun


@pytest.fixture
def sound(owner: User, settings: Any, tmp_path: Path) -> Installation:
    settings.DATA_DIR = tmp_path
    settings.MODELS_DIR = tmp_path / "models"
    claim, ranking = labeled(owner)
    run, stopped = trained(tmp_path), stopped_run()
    return Installation(
        tmp_path, chatted(owner), claim, ranking, run, stopped, evaluated(run.model)
    )


def chatted(owner: User) -> Generation:
    conversation = Conversation.objects.create(owner=owner)
    asked = Message.objects.create(conversation=conversation, role="user", text="Hello?")
    said = Message.objects.create(
        conversation=conversation, parent=asked, role="assistant", text="Hello."
    )
    Conversation.objects.filter(pk=conversation.pk).update(leaf=said)
    ended = {"state": "done", "ended_at": timezone.now(), "producer": "elsewhere"}
    return Generation.objects.create(message=said, model="fox", settings={}, prompt=[], **ended)


def labeled(owner: User) -> tuple[Assignment, Annotation]:
    project = projects.create(owner=owner, name="Kind answers")
    answers = [NewAnswer(text, {"model": text}) for text in ("Hello", "Hi", "Good day")]
    asked = [{"role": "user", "content": "Say hello"}]
    source = RankingTask.Source.BATCH
    add_task(project=project, source=source, external_id="1", messages=asked, answers=answers)
    labeler = labeling.labeler_of(project=project, user=owner)
    claim = labeling.claim_next(project=project, labeler=labeler)
    assert claim is not None
    Assignment.objects.filter(pk=claim.pk).update(state="submitted", ended_at=timezone.now())
    ranking = Annotation.objects.create(
        key="first",
        task=claim.task,
        labeler=labeler,
        assignment=claim,
        candidate_set=claim.candidate_set,
        source="labeling",
        tiers=[[1], [0, 2]],
    )
    claim.refresh_from_db()
    return claim, ranking


def trained(data: Path) -> TrainingJob:
    """A reward model, by a run that has ended well."""
    base = data / "models" / "fox"
    base.mkdir(parents=True)
    (base / "config.json").write_text("{}")
    model = ModelVersion.objects.create(name="fox", source="folder", path="models/fox")
    made = data / "rewards" / "kind"
    made.mkdir(parents=True)
    (made / "head.safetensors").write_text("numbers")
    checkpoints.seal(made)
    digest = manifest_hash(made)
    (made / checkpoints.MANIFEST).unlink()
    common = {"source": "run", "kind": "reward", "base": model, "content_hash": digest}
    version = ModelVersion.objects.create(name="kind", path="rewards/kind", **common)
    job = a_run(model, "kind", "done", produced=version)
    ModelVersion.objects.filter(pk=version.pk).update(origin=str(job.pk))
    (made / PROVENANCE).write_text(json.dumps({"source": "run", "job": str(job.pk)}))
    folder = RunFolder(job.folder)
    folder.write_config({"method": "reward"})
    report_of(job)._events.add("ended", state="succeeded")
    rows = [{"input": "1 + 1", "references": ["2"]}]
    files = {"test.jsonl": rows}
    datasets.freeze(name="sums", kind="evaluation", files=files, source={}, report={})
    return job


def a_run(model: ModelVersion, name: str, state: str, **more: Any) -> TrainingJob:
    ended = {"state": state, "ended_at": timezone.now(), "error": "Stopped."}
    usual = {"method": "reward", "peft": {"kind": "lora"}, "model": model}
    return TrainingJob.objects.create(name=name, **usual, **ended, **more)


def stopped_run() -> TrainingJob:
    """One that keeps a checkpoint to go on from."""
    job = a_run(ModelVersion.objects.get(name="fox"), "stopped", "cancelled")
    with checkpoints.writing(RunFolder(job.folder).checkpoints, 4) as folder:
        (folder / "state.bin").write_text("half way")
    return job


def evaluated(model: ModelVersion) -> EvaluationRun:
    ended = {"state": "done", "ended_at": timezone.now()}
    about = {"benchmark": "sums", "matter": "sums:1", "subject": f"model:{model.pk}"}
    run = EvaluationRun.objects.create(name="sums", model=model, **about, **ended)
    (run.folder / "samples").mkdir(parents=True)
    number = {"task": "sums", "measure": "accuracy", "signature": "s", "value": 0.5, "n": 2}
    Score.objects.create(run=run, **number)
    (run.folder / "scores.json").write_text(json.dumps([number]))
    lines = [json.dumps({"id": name, "cluster": name}) for name in ("a", "b")]
    (run.folder / "samples" / "sums.jsonl").write_text("\n".join(lines) + "\n")
    keys = [json.dumps({"key": name}) for name in ("a", "b")]
    (run.folder / "outputs.jsonl").write_text("\n".join(keys) + "\n")
    return run


def broken(*, at_rest: bool = True) -> dict[str, list[str]]:
    found = invariants.checked(at_rest=at_rest)
    return {each.invariant.name: list(each.broken) for each in found if not each.holds}


def test_a_sound_installation_holds_every_promise(sound: Installation) -> None:
    found = list(invariants.checked(at_rest=True))
    assert {each.invariant.name: each.broken for each in found if each.broken} == {}
    idle = {each.invariant.name for each in found if not each.n}
    assert idle == {
        "no_answer_waits_for_the_dead",
        "no_claim_outlives_its_time",
        "no_process_works_for_nobody",
        "no_work_is_held_by_the_dead",
        "no_work_waits_unheard",
        "nothing_unfinished_is_left",
        "one_answer_at_a_time",
        "one_process_works_in_a_folder",
        "pieces_of_an_answer_follow_each_other",
    }, "everything that is there is looked at"


# Breaches


def a_piece_left_aside(its: Installation) -> None:
    Chunk.objects.create(generation=its.answer, start=6, text=" Who")


def a_piece_missing(its: Installation) -> None:
    Generation.objects.update(state="running", ended_at=None, heartbeat_at=timezone.now())
    Chunk.objects.create(generation=its.answer, start=3, text="lo.")


def an_answer_to_nobody(its: Installation) -> None:
    Message.objects.filter(pk=its.answer.message_id).update(parent=None)


def a_branch_of_another_conversation(its: Installation) -> None:
    owner = its.answer.message.conversation.owner
    Conversation.objects.create(owner=owner, leaf=its.answer.message)


def an_answer_that_goes_on_for_ever(its: Installation) -> None:
    Generation.objects.update(state="running", ended_at=None, heartbeat_at=LONG_AGO)


def an_answer_without_an_end(its: Installation) -> None:
    Generation.objects.update(ended_at=None)


def a_ranking_that_is_gone(its: Installation) -> None:
    Annotation.objects.all().delete()


def a_place_that_was_given_away(its: Installation) -> None:
    Assignment.objects.update(state="expired")


def a_revision_that_is_gone(its: Installation) -> None:
    Annotation.objects.update(revision=2)


def a_claim_of_long_ago(its: Installation) -> None:
    Annotation.objects.all().delete()
    Assignment.objects.update(state="claimed", expires_at=LONG_AGO)


def an_answer_ranked_twice(its: Installation) -> None:
    Annotation.objects.update(tiers=[[1], [0, 0]])


def an_order_that_leaves_one_out(its: Installation) -> None:
    Assignment.objects.update(permutation=[0, 1, 1])


def a_dead_worker(its: Installation) -> None:
    now = {"state": "running", "ended_at": None, "heartbeat_at": LONG_AGO}
    TrainingJob.objects.filter(pk=its.stopped.pk).update(**now, worker="elsewhere:1:0")


def a_run_that_nobody_takes(its: Installation) -> None:
    now = {"state": "waiting", "ended_at": None, "heartbeat_at": LONG_AGO}
    TrainingJob.objects.filter(pk=its.stopped.pk).update(**now)


def a_failure_without_a_word(its: Installation) -> None:
    TrainingJob.objects.filter(pk=its.stopped.pk).update(state="failed", error="")


def a_run_without_its_last_word(its: Installation) -> None:
    RunFolder(its.run.folder).events_file.write_text("")


def a_run_without_its_model(its: Installation) -> None:
    TrainingJob.objects.filter(pk=its.run.pk).update(produced=None)


def a_run_filed_twice(its: Installation) -> None:
    twice = {"source": "run", "origin": str(its.run.pk), "path": "models/fox"}
    ModelVersion.objects.create(name="kind-2", **twice)


def a_damaged_checkpoint(its: Installation) -> None:
    (RunFolder(its.stopped.folder).checkpoints / "checkpoint-4" / "state.bin").write_text("half")


def a_model_without_its_folder(its: Installation) -> None:
    ModelVersion.objects.filter(name="fox").update(path="models/wolf")


def other_weights(its: Installation) -> None:
    (its.data / "rewards" / "kind" / "head.safetensors").write_text("other numbers")


def other_rows(its: Installation) -> None:
    [file] = (its.data / "datasets").glob("*/test.jsonl")
    file.write_text("{}\n")


def a_board_that_says_something_else(its: Installation) -> None:
    Score.objects.update(value=0.9)


def an_item_scored_twice(its: Installation) -> None:
    doubled(its.measured.folder / "samples" / "sums.jsonl")


def an_answer_kept_twice(its: Installation) -> None:
    doubled(its.measured.folder / "outputs.jsonl")


def doubled(file: Path) -> None:
    file.write_text(file.read_text() * 2)


def half_an_artifact(its: Installation) -> None:
    (its.data / "adapters" / "fox" / f".run-{uuid.uuid4()}").mkdir(parents=True)


def a_folder_of_nothing(its: Installation) -> None:
    (its.data / "runs" / str(uuid.uuid4())).mkdir()


BREACHES: dict[Callable[[Installation], None], str] = {
    a_piece_left_aside: "ended_answers_hold_all_their_text",
    a_piece_missing: "pieces_of_an_answer_follow_each_other",
    an_answer_to_nobody: "every_answer_belongs_to_a_question",
    a_branch_of_another_conversation: "open_branches_lead_somewhere",
    an_answer_that_goes_on_for_ever: "no_answer_waits_for_the_dead",
    an_answer_without_an_end: "ended_answers_say_when",
    a_ranking_that_is_gone: "submitted_places_have_their_ranking",
    a_place_that_was_given_away: "rankings_that_count_keep_their_place",
    a_revision_that_is_gone: "revisions_of_a_ranking_count_up",
    a_claim_of_long_ago: "no_claim_outlives_its_time",
    an_answer_ranked_twice: "rankings_name_every_answer_once",
    an_order_that_leaves_one_out: "every_answer_was_shown_once",
    a_dead_worker: "no_work_is_held_by_the_dead",
    a_run_that_nobody_takes: "no_work_waits_unheard",
    a_failure_without_a_word: "ended_work_says_when_and_why",
    a_run_without_its_last_word: "finished_runs_have_their_folder",
    a_run_without_its_model: "finished_runs_have_their_model",
    a_run_filed_twice: "one_model_of_a_run",
    a_damaged_checkpoint: "stopped_runs_can_go_on",
    a_model_without_its_folder: "ready_models_are_there",
    other_weights: "models_are_as_they_were_filed",
    other_rows: "frozen_data_is_as_it_was_frozen",
    a_board_that_says_something_else: "finished_evaluations_have_their_scores",
    an_item_scored_twice: "no_item_is_scored_twice",
    an_answer_kept_twice: "no_answer_is_kept_twice",
    half_an_artifact: "nothing_unfinished_is_left",
    a_folder_of_nothing: "no_folder_without_its_row",
}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_each_breach_is_found_and_called_by_its_name(
    sound: Installation, breach: Callable[[Installation], None]
) -> None:
    [asked] = [each for each in invariants.all_of_them() if each.name == BREACHES[breach]]
    assert list(asked.check(invariants.Look(at_rest=True))) == []
    breach(sound)
    assert list(asked.check(invariants.Look(at_rest=True)))


def test_no_promise_goes_without_a_breach() -> None:
    tried = {*BREACHES.values(), *REFUSED_BY_THE_DATABASE, *BY_PROCESSES}
    assert {each.name for each in invariants.all_of_them()} == tried


BY_PROCESSES = {"no_process_works_for_nobody", "one_process_works_in_a_folder"}


@pytest.fixture
def processes(sound: Installation) -> Iterator[Callable[[TrainingJob], None]]:
    """`processes(run)`: a process that looks as if it trained in the run's folder."""
    started = []

    def start(run: TrainingJob) -> None:
        idle = [sys.executable, "-c", "input()", "training.run", str(run.folder)]
        started.append(subprocess.Popen(idle, stdin=subprocess.PIPE))

    yield start
    for process in started:
        process.communicate(b"\n")


def test_processes_that_nobody_wants_or_that_share_a_folder_are_found(
    sound: Installation, processes: Callable[[TrainingJob], None]
) -> None:
    processes(sound.stopped)
    assert set(broken()) == {"no_process_works_for_nobody"}
    TrainingJob.objects.filter(pk=sound.stopped.pk).update(state="running", ended_at=None)
    assert broken(at_rest=False) == {}
    processes(sound.stopped)
    assert set(broken(at_rest=False)) == {"one_process_works_in_a_folder"}


def test_work_that_goes_on_is_no_breach_until_it_should_have_been_noticed(
    sound: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsite.invariants.invariant.SECOND_LOOK_SECONDS", 0)
    an_answer_that_goes_on_for_ever(sound)
    Generation.objects.update(heartbeat_at=timezone.now() - NOTICED_AFTER / 2)
    assert broken(at_rest=False) == {}
    assert set(broken()) == {"no_answer_waits_for_the_dead"}


def test_the_command_says_it_and_its_exit_code_too(sound: Installation) -> None:
    out = StringIO()
    call_command("verify", "--at-rest", stdout=out)
    assert "All 32 hold" in out.getvalue()
    an_item_scored_twice(sound)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify", "--at-rest", "--format", "json", stdout=out)
    assert ended.value.code == 1
    [wrong] = [each for each in json.loads(out.getvalue()) if not each["holds"]]
    assert wrong["name"] == "no_item_is_scored_twice"
    assert wrong["broken"] == ["evaluation sums: sums: item a was scored twice"]
