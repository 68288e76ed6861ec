"""The whole loop on a tiny model: killed, resumed, and nothing in it twice; then its report."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from evaluation.models import EvaluationRun
from feedback.models import Annotation, Batch, BatchAnswer, Labeler, Project
from lifecycle.models import Made, Rehearsal
from lifecycle.services import going_on, here, making
from lifecycle.sizes import Plan, plan_for
from lifecycle.stages import EVERY
from llmkit.identity import identity
from tests.running_site import RunningSite
from tests.training.forking import Forked
from training.models import DatasetVersion, Job, ModelVersion, Promotion, TrainingJob
from training.services.runs import working
from training.services.runs.child import Child

pytestmark = pytest.mark.django_db(transaction=True)
SHORT = {"evaluate_every": 2, "save_every": 1}


def small(size: str, model: str, **more: Any) -> Plan:
    """Of a few prompts, so that the loop takes seconds."""
    whole = plan_for(size, model, **more)
    reward = {**whole.reward, **SHORT, "max_steps": 2}
    ppo = {**whole.ppo, **SHORT, "max_steps": 2, "batch_size": 4, "minibatch": 4, "held_out": 4}
    return replace(
        whole, practice=12, questions=4, candidates=4, longest=24, limit=2, reward=reward, ppo=ppo
    )


@pytest.fixture
def tiny_loop(
    ready: Path, forked: None, engine: RunningSite, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    settings.ENGINE_URLS = [engine.engine_url]
    monkeypatch.setattr(making, "plan_for", small)
    monkeypatch.setattr(here, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(Child, "starter", Forked)
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.02)
    yield


def rehearse(*arguments: str) -> Any:
    out = StringIO()
    call_command("rehearse", "--format", "json", *arguments, stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


class KilledError(BaseException):
    """What `kill -9` leaves behind: no handler runs, the rows stay as they are."""


def killed_in(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell's process is gone when the stage's work has begun: rows say that it still runs."""
    worker = f"{identity().split(':')[0]}:1:0.00"

    def die(self: here.Doing, row: Any, work: Any) -> None:
        if Rehearsal.objects.get().stages.filter(name=stage).exists():
            type(row).objects.filter(pk=row.pk).update(state=Job.State.RUNNING, worker=worker)
            Rehearsal.objects.update(worker=worker)
            raise KilledError
        work.run(row)

    monkeypatch.setattr(here.Doing, "__call__", die)


def test_a_rehearsal_that_is_killed_goes_on_and_makes_nothing_twice(
    tiny_loop: None, admin: User, owner: User, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = here.Doing.__call__
    for stage in ("candidates", "ppo"):
        killed_in(stage, monkeypatch)
        with pytest.raises(KilledError):
            rehearse("--model", "tiny", "--owner", "owner")
        stuck = page.get(f"/rehearsals/{Rehearsal.objects.get().pk}/").content.decode()
        assert "The shell that drove it is gone" in stuck
        assert "Stopped here" in stuck
    monkeypatch.setattr(here.Doing, "__call__", whole)
    report = rehearse("--model", "tiny", "--owner", "owner")
    rehearsal = Rehearsal.objects.get()
    assert (rehearsal.state, rehearsal.attempt) == (Job.State.DONE, 3)
    assert list(rehearsal.stages.values_list("name", flat=True)) == [s.name for s in EVERY]
    assert Made.objects.count() == sum(len(stage.parts) for stage in EVERY)
    once_each(rehearsal)
    told_honestly(report, rehearsal)
    shown(page, rehearsal)


def once_each(rehearsal: Rehearsal) -> None:
    """Each thing once, and no ranking a person's."""
    project = Project.objects.get(name=str(rehearsal))
    assert (Batch.objects.count(), project.tasks.count()) == (1, 12)
    assert BatchAnswer.objects.filter(attempt=0).count() == 48
    assert {one.labeler.kind for one in Annotation.objects.of(project)} == {Labeler.Kind.RULE}
    assert Annotation.objects.of(project).count() == 12
    pairs = DatasetVersion.objects.get(dataset__kind="preference")
    assert pairs.report["by_rule"] == pairs.rows > 0
    methods = TrainingJob.objects.order_by("created_at").values_list("method", "state")
    assert list(methods) == [("reward", "done"), ("ppo", "done")]
    assert EvaluationRun.objects.done().count() == EvaluationRun.objects.count() == 4
    assert ModelVersion.objects.filter(source="run").count() == 2


def told_honestly(report: dict[str, Any], rehearsal: Rehearsal) -> None:
    won = report["won"]
    assert won["won"] + won["lost"] + won["tied"] == won["n"] == 4
    assert report["verdict"]["better"] == "unknown"
    assert "No person ranked or judged any of this" in report["verdict"]["sentence"]
    assert all(one["after"]["n"] for one in [*report["rows"], *report["changes"]])
    assert [look["step"] for look in report["looks"]] == [0, 2]
    assert report["looks"][0]["kl"] == pytest.approx(0.0, abs=1e-4)
    assert report["promotion"] == {"kept": True, "why": ""}
    now = Promotion.objects.current()
    assert now is not None
    assert now.version == rehearsal.produced


def shown(page: Client, rehearsal: Rehearsal) -> None:
    report = page.get(rehearsal.get_absolute_url()).content.decode()
    for words in (
        "Reward against KL",
        "Answers before and after",
        "can&#x27;t be told",
        "plain words",
    ):
        assert words in report, words
    listed = page.get("/rehearsals/").content.decode()
    assert "Done, no sure change" in listed
    assert f"/rehearsals/{rehearsal.pk}/" in page.get("/").content.decode()


def test_the_sites_workers_take_it_step_by_step_and_a_stop_stops_its_work(
    tiny_loop: None, admin: User, page: Client
) -> None:
    answer = page.post("/rehearsals/new", {"size": "full", "model": "tiny", "rule": "plain"})
    rehearsal = Rehearsal.objects.get()
    assert answer.headers["Location"] == rehearsal.get_absolute_url()
    assert rehearsal.owner == admin
    while going_on.advance(rehearsal):
        pass
    waiting = EvaluationRun.objects.get()
    assert (waiting.state, rehearsal.stages.count()) == (Job.State.WAITING, 2)
    live = page.get(f"{rehearsal.get_absolute_url()}live").content.decode()
    assert "waiting" in live
    page.post(f"{rehearsal.get_absolute_url()}stop")
    waiting.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    going_on.advance(rehearsal)
    assert rehearsal.state == Job.State.CANCELLED
    page.post(f"{rehearsal.get_absolute_url()}resume")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempt) == (Job.State.WAITING, 2)
    assert EvaluationRun.objects.count() == 1


def test_what_can_not_be_is_told_in_one_sentence_and_changes_nothing(
    ready: Path, page: Client
) -> None:
    with pytest.raises(CommandError, match="There is no model fox here"):
        call_command("rehearse", "--model", "fox")
    answer = page.post("/rehearsals/new", {"size": "huge", "rule": "plain"})
    assert answer.status_code == 422
    assert not Rehearsal.objects.exists()


def test_a_rehearsal_is_its_owners(
    ready: Path, trainer: User, stranger: User, signed_in: Callable[[User], Client]
) -> None:
    mine = making.create(owner=trainer, size="full", model="tiny")
    addresses = [f"/rehearsals/{pk}/" for pk in (mine.pk, uuid4())]
    stranger.groups.add(*trainer.groups.all())
    client = signed_in(stranger)
    for address in addresses:
        assert client.get(address).status_code == client.get(f"{address}live").status_code == 404
        assert client.post(f"{address}stop").status_code == 404
    assert str(mine) not in client.get("/rehearsals/").content.decode()
    stranger.groups.clear()
    assert signed_in(User.objects.get(pk=stranger.pk)).get("/rehearsals/").status_code == 404
