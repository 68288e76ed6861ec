"""Batches: prompts answered by real tiny models, in this process as a worker would."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from feedback.models import Batch, BatchAnswer, BatchPrompt, CandidateSource, Project, RankingTask
from feedback.services import projects
from feedback.services.batches import lines, making, progress, reaping, working
from feedback.services.batches.answers import Column
from feedback.services.errors import FeedbackError
from llmkit.identity import identity
from llmkit.types import GenerationSettings
from llmsite.celery import app
from tests.llmkit.rude_server import KEY, RudeServer, rude_server
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL
from training.models import Endpoint, Job
from training.uses import uses_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
DRAWN = Column(TINY_MODEL, GenerationSettings(max_tokens=5, temperature=1.5, top_k=0, top_p=1))
GREEDY = Column(TINY_MODEL, GenerationSettings(max_tokens=3, temperature=0))
THREE = b"What do foxes eat?\nSing a song.\nCount to ten.\n"


@pytest.fixture(autouse=True)
def sent(engine: RunningSite, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What was handed to the broker; the engine is the shared one, and pauses are short."""
    settings.ENGINE_URLS = [engine.engine_url]
    monkeypatch.setattr(lines, "FIRST_PAUSE", 0.01)
    told: list[list[Any]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args: told.append(args))
    return told


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Foxes", overlap=2)


def begun(project: Project, *columns: Column, content: bytes = THREE, **choices: Any) -> Batch:
    batch = making.draft(project=project, name="typed.txt", content=content, by=project.owner)
    choices = {"candidates": 2, "seed": 7, **choices}
    making.start(batch=batch, columns=columns or [DRAWN], **choices)
    return batch


def work(batch: Batch) -> Batch:
    working.run(batch_id=str(batch.pk), attempt=batch.attempt)
    batch.refresh_from_db()
    return batch


def said(project: Project) -> list[list[str]]:
    tasks = project.tasks.order_by("prompt_hash")
    return [list(task.candidates.values_list("text", flat=True)) for task in tasks]


def test_each_prompt_becomes_a_task_whose_answers_know_what_made_them(
    project: Project, sent: list[list[Any]]
) -> None:
    batch = begun(project, DRAWN, GREEDY)
    assert sent == [[str(batch.pk), 1]]
    assert work(batch).state == Job.State.DONE
    tasks = list(project.tasks.all())
    assert {task.source for task in tasks} == {RankingTask.Source.BATCH}
    assert {task.overlap for task in tasks} == {2}
    sources = CandidateSource.objects.all()
    assert {source.model for source in sources} == {TINY_MODEL}
    assert {source.settings["seed"] == source.seed for source in sources} == {True}
    assert sorted(source.settings["temperature"] for source in sources) == [0, 0, 0, 1.5, 1.5, 1.5]
    assert progress.progress_of(batch).percent == 100


def test_a_worker_that_died_in_the_middle_costs_no_answer_and_repeats_none(
    project: Project, sent: list[list[Any]]
) -> None:
    whole = work(begun(project, candidates=3))
    wanted = said(project)
    project.tasks.all().delete()
    batch = begun(project, candidates=3)
    kept = list(BatchAnswer.objects.filter(prompt__batch=whole))[:5]
    for answer in kept:
        answer.prompt = batch.prompts.get(number=answer.prompt.number)
        answer.pk = None
        answer.save()
    before = set(BatchAnswer.objects.filter(prompt__batch=batch).values_list("pk", flat=True))
    dead = identity().rsplit(":", 1)[0] + ":1.00"
    Batch.objects.filter(pk=batch.pk).update(state=Job.State.RUNNING, worker=dead)
    reaping.reap()
    batch.refresh_from_db()
    assert (batch.state, batch.attempt, batch.deaths) == (Job.State.WAITING, 2, 1)
    assert sent[-1] == [str(batch.pk), 2]
    assert work(batch).state == Job.State.DONE
    answers = BatchAnswer.objects.filter(prompt__batch=batch)
    assert before <= set(answers.values_list("pk", flat=True))
    assert answers.count() == 9
    assert said(project) == wanted


def test_a_worker_that_lost_the_batch_stores_nothing(project: Project) -> None:
    batch = begun(project)
    working.run(batch_id=str(batch.pk), attempt=batch.attempt + 1)
    assert not BatchAnswer.objects.exists()


def test_answers_that_stay_the_same_keep_the_prompt_out_and_say_so(project: Project) -> None:
    twin = Column(TINY_MODEL, GenerationSettings(max_tokens=3, temperature=0, top_k=7))
    batch = work(begun(project, GREEDY, twin))
    assert batch.state == Job.State.DONE
    assert not project.tasks.exists()
    assert set(batch.prompts.values_list("state", flat=True)) == {BatchPrompt.State.FAILED}
    assert "at temperature 0 they always will be" in batch.prompts.first().error  # type: ignore[union-attr]


def test_one_model_at_temperature_0_is_refused_before_it_starts(project: Project) -> None:
    with pytest.raises(FeedbackError, match="every answer would be the same"):
        begun(project, GREEDY)
    with pytest.raises(FeedbackError, match="Two columns are the same"):
        begun(project, DRAWN, DRAWN)


def test_prompts_of_the_project_are_told_and_left_out_unless_wanted(project: Project) -> None:
    work(begun(project))
    batch = making.draft(project=project, name="a.txt", content=THREE + b"New.", by=None)
    assert batch.prompts.filter(known=True).count() == 3
    cost = progress.estimate(batch=batch, columns=[DRAWN], candidates=2, skip_known=True)
    assert (cost.prompts, cost.answers, cost.most_tokens) == (1, 2, 10)
    assert cost.seconds is not None
    making.start(batch=batch, columns=[DRAWN], candidates=2, seed=1)
    assert batch.prompts.waiting().count() == 1


def test_a_prompt_that_does_not_fit_fails_alone_with_a_sentence(project: Project) -> None:
    batch = work(begun(project, content=b"Hi\n" + b"fox " * 3000))
    assert batch.state == Job.State.DONE
    assert project.tasks.count() == 1
    [failed] = batch.prompts.filter(state=BatchPrompt.State.FAILED)
    assert "has room for" in failed.error


def test_a_cancelled_batch_keeps_its_answers_and_goes_on_when_asked(project: Project) -> None:
    batch = begun(project)
    making.cancel(batch=batch)
    batch.refresh_from_db()
    assert (batch.state, batch.error) == (Job.State.CANCELLED, making.STOPPED)
    making.resume(batch=batch)
    Batch.objects.filter(pk=batch.pk).update(cancel_requested=True)
    assert work(batch).state == Job.State.CANCELLED
    making.resume(batch=batch)
    assert work(batch).state == Job.State.DONE
    assert project.tasks.count() == 3


def test_a_batch_lets_other_long_work_have_the_worker(
    project: Project, sent: list[list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "TURN_SECONDS", -1.0)
    first, second = begun(project), begun(project, skip_known=False)
    assert work(first).state == Job.State.WAITING
    assert sent[-1] == [str(first.pk), 2]
    Batch.objects.filter(pk=second.pk).update(state=Job.State.CANCELLED)
    assert work(first).state == Job.State.DONE


@pytest.fixture
def elsewhere(owner: User) -> Iterator[RudeServer]:
    with rude_server() as running:
        Endpoint.objects.create(
            name="Acme", url=running.url, api_key=KEY, models=["fox-1"], healthy=True
        )
        yield running


def test_a_server_that_goes_on_failing_pauses_the_batch_with_its_sentence(
    project: Project, elsewhere: RudeServer
) -> None:
    elsewhere.manner = "broken"
    batch = work(begun(project, Column("fox-1"), DRAWN))
    assert batch.state == Job.State.FAILED
    assert batch.error.startswith("Acme could not answer")
    assert KEY not in batch.error
    assert not batch.prompts.filter(state=BatchPrompt.State.FAILED).exists()
    assert len(elsewhere.heard) < 3 * lines.MOST_FAILURES
    elsewhere.manner = "kind"
    making.resume(batch=batch)
    assert work(batch).state == Job.State.DONE
    assert {source.model for source in CandidateSource.objects.all()} == {"fox-1", TINY_MODEL}


def test_a_model_in_use_by_a_batch_is_seen(project: Project) -> None:
    begun(project)
    assert uses_of([TINY_MODEL])[TINY_MODEL].batches == 1
