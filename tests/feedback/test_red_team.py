"""Red teaming: no dialogue is lost, its end becomes a ranking task, and the model has no name."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from feedback.models import Attempt, Filling, Project, RankingTask
from feedback.services import labeling
from feedback.services.batches.answers import Column
from feedback.services.errors import FeedbackError
from feedback.services.red_team import answering, dialogue, ending, filling, setup
from llmkit.types import GenerationSettings
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL
from training.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.both]

SHORT = GenerationSettings(max_tokens=6, temperature=1.5)
HOSTILE = "<script>alert(1)</script> **fire**"


@pytest.fixture
def tried(project: Project) -> Project:
    setup.choose(project=project, columns=[Column(TINY_MODEL, SHORT)])
    return project


@pytest.fixture
def attempt(tried: Project, labeler: User) -> Attempt:
    return dialogue.begin(project=tried, user=labeler, alias="Model A", goal="Make it rude")


def now(attempt: Attempt) -> Attempt:
    return Attempt.objects.select_related("project").get(pk=attempt.pk)


def said(attempt: Attempt, text: str = "How do I start a fire?", answer: str = HOSTILE) -> Attempt:
    """A whole turn, answered without a model."""
    current = now(attempt)
    dialogue.send(attempt=current, text=text, revision=current.revision)
    messages = [*now(attempt).messages, {"role": "assistant", "content": answer, "seed": 3}]
    Attempt.objects.filter(pk=attempt.pk).update(messages=messages, is_answering=False)
    return now(attempt)


def finished(attempt: Attempt, success: int = 3) -> Attempt:
    current = said(attempt)
    ending.finish(
        attempt=current,
        revision=current.revision,
        success=success,
        outcome="It gave in",
        flags=["toxic", "unknown"],
    )
    return now(attempt)


def test_a_turn_is_stored_before_the_model_is_asked_and_the_same_turn_twice_is_one(
    attempt: Attempt,
) -> None:
    dialogue.send(attempt=attempt, text="Hello", revision=0)
    dialogue.send(attempt=now(attempt), text="Hello", revision=0)
    stored = now(attempt)
    assert stored.prompt == [{"role": "user", "content": "Hello"}]
    assert (stored.is_answering, stored.revision) == (True, 1)
    with pytest.raises(FeedbackError, match="no answer yet"):
        dialogue.send(attempt=stored, text="And?", revision=1)


def test_what_another_tab_did_is_told_and_not_undone(attempt: Attempt) -> None:
    old = now(attempt)
    said(attempt)
    with pytest.raises(FeedbackError, match="another tab"):
        dialogue.send(attempt=old, text="Something else", revision=0)
    with pytest.raises(FeedbackError, match="another tab"):
        ending.give_up(attempt=old, revision=0, outcome="")
    assert now(attempt).answers == 1


def test_an_answer_that_was_lost_can_be_asked_for_again(attempt: Attempt) -> None:
    dialogue.send(attempt=attempt, text="Hello", revision=0)
    with pytest.raises(FeedbackError, match="nothing to ask"):
        dialogue.ask_again(attempt=now(attempt), revision=1)
    long_ago = timezone.now() - timedelta(minutes=2)
    Attempt.objects.update(heartbeat_at=long_ago, partial="Half a")
    assert now(attempt).is_waiting
    dialogue.ask_again(attempt=now(attempt), revision=1)
    again = now(attempt)
    assert (again.partial, again.revision, again.is_waiting) == ("", 2, False)
    answering.run(attempt_id=attempt.pk, revision=1, seed=1)
    assert now(attempt).revision == 2


def test_stopping_keeps_what_was_written(attempt: Attempt) -> None:
    dialogue.send(attempt=attempt, text="Hello", revision=0)
    Attempt.objects.update(partial="Half an answer ")
    dialogue.stop(attempt=now(attempt), revision=1)
    stopped = now(attempt)
    assert stopped.messages[-1]["content"] == "Half an answer"
    assert (stopped.is_answering, stopped.messages[-1]["finish_reason"]) == (False, "cancelled")


def test_an_end_needs_an_answer_and_a_success_and_is_kept_in_words(attempt: Attempt) -> None:
    def end(current: Attempt, success: int | None) -> None:
        ending.finish(
            attempt=current, revision=current.revision, success=success, outcome="", flags=[]
        )

    with pytest.raises(FeedbackError, match="no answer"):
        end(now(attempt), 2)
    for wrong in (None, 5, -1):
        with pytest.raises(FeedbackError, match="from 0 to 4"):
            end(said(attempt) if wrong is None else now(attempt), wrong)
    current = now(attempt)
    ending.give_up(attempt=current, revision=current.revision, outcome="It held")
    assert (now(attempt).state, now(attempt).outcome) == ("given-up", "It held")
    assert not Filling.objects.exists()
    ending.take_up(attempt=now(attempt))
    ended = finished(attempt, 4)
    assert (ended.success, ended.flags, ended.outcome) == (4, ["toxic"], "It gave in")
    end(ended, 1)
    assert now(attempt).success == 1
    assert Filling.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_model_answers_and_the_last_prompt_becomes_a_ranking_task_linked_both_ways(
    engine: RunningSite, settings: Any, attempt: Attempt, labeler: User
) -> None:
    settings.ENGINE_URLS = [engine.engine_url]
    dialogue.move_on(attempt, 0, messages=[{"role": "user", "content": "Hello"}], is_answering=True)
    answering.run(attempt_id=attempt.pk, revision=1, seed=7)
    answered = now(attempt)
    assert (answered.error, answered.is_answering, answered.revision) == ("", False, 2)
    given = answered.messages[-1]
    assert given["content"] and given["seed"] == 7 and given["tokens"] <= 6
    Attempt.objects.update(state="finished", success=2)
    job = Filling.objects.create(attempt_made=answered)
    filling.run(filling_id=str(job.pk), attempt=1)
    filling.run(filling_id=str(job.pk), attempt=1)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.DONE, "")
    task = RankingTask.objects.get()
    assert now(attempt).task == task
    assert (task.source, task.messages) == ("red-team", [{"role": "user", "content": "Hello"}])
    candidates = task.candidates.all()
    assert candidates[0].text == given["content"]
    assert 2 <= len(candidates) <= attempt.project.candidates
    assert candidates[0].sources.get().seed == 7
    ranks = labeling.labeler_of(project=attempt.project, user=labeler)
    assert labeling.claim_next(project=attempt.project, labeler=ranks) is not None


def test_a_failure_says_so_without_the_models_name_and_can_be_tried_again(
    attempt: Attempt, settings: Any
) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]
    dialogue.send(attempt=attempt, text="Hello", revision=0)
    answering.run(attempt_id=attempt.pk, revision=1, seed=1)
    failed = now(attempt)
    assert failed.is_waiting
    assert "did not answer" in failed.error and "127.0.0.1" not in failed.error
    job = Filling.objects.create(attempt_made=attempt, state=Job.State.FAILED, error="x")
    filling.again(attempt=attempt)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.WAITING, 2)


def test_work_on_a_task_that_died_is_begun_again_and_given_up_in_the_end(attempt: Attempt) -> None:
    job = Filling.objects.create(attempt_made=attempt)
    for attempt_number in (1, 2, 3):
        assert Filling.objects.claim(job.pk, attempt=attempt_number, worker="gone")
        Filling.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
        filling.reap()
    job.refresh_from_db()
    assert (job.state, "died 3 times" in job.error) == (Job.State.FAILED, True)


def test_a_labeler_sees_their_own_attempts_and_no_model(
    attempt: Attempt, owner: User, labeler: User, signed_in: Callable[[User], Client]
) -> None:
    finished(attempt)
    client = signed_in(labeler)
    slug = attempt.project.slug
    pages = [
        reverse("feedback:red-team", args=[slug]),
        reverse("feedback:attempt", args=[slug, attempt.pk]),
        reverse("feedback:attempt-turns", args=[slug, attempt.pk]),
    ]
    for url in pages:
        shown = client.get(url)
        assert shown.status_code == 200
        html = shown.content.decode()
        assert TINY_MODEL not in html.replace("tinymce", ""), url
        assert "<script>alert" not in html
    assert "Make it rude" in client.get(pages[0]).content.decode()
    for name in ("red-team-models", "red-team-export"):
        assert client.get(reverse(f"feedback:{name}", args=[slug])).status_code == 404


def test_a_manager_sees_all_and_how_far_people_got_and_takes_them_away(
    attempt: Attempt, manager: Client
) -> None:
    finished(attempt)
    slug = attempt.project.slug
    page = manager.get(reverse("feedback:red-team", args=[slug]), {"success": "3"})
    [row] = page.context["by_model"]
    assert (row.model, row.mean, [bar.count for bar in row.bars]) == (
        TINY_MODEL,
        3.0,
        [0, 0, 0, 1, 0],
    )
    assert list(page.context["page"]) == [attempt]
    none = manager.get(reverse("feedback:red-team", args=[slug]), {"success": "9", "labeler": "x"})
    assert "No attempt fits" in none.content.decode()
    sent = manager.get(reverse("feedback:red-team-export", args=[slug]))
    [line] = sent.getvalue().splitlines()
    row = json.loads(line)
    assert (row["model"], row["success"], row["flags"]) == (TINY_MODEL, 3, ["toxic"])
    assert row["messages"][1]["content"] == HOSTILE
    with_send = reverse("feedback:attempt-send", args=[slug, attempt.pk])
    assert manager.post(with_send, {"text": "x", "revision": "1"}).status_code == 404


def test_managers_choose_the_models_and_a_wrong_choice_keeps_what_was_typed(
    project: Project, manager: Client, settings: Any
) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]
    setup.choose(project=project, columns=[Column("fox", SHORT)])
    url = reverse("feedback:red-team-models", args=[project.slug])
    wrong = manager.post(url, {"models": ["fox"], "temperature": "0", "max_tokens": "9"})
    assert (wrong.status_code, wrong.context["form"]["max_tokens"].value()) == (422, "9")
    manager.post(url, {"models": ["fox"], "temperature": "0.9", "max_tokens": "9"})
    assert setup.columns_of(project) == [Column("fox", GenerationSettings(9, 0.9))]
    with pytest.raises(FeedbackError, match="above 0"):
        setup.choose(project=project, columns=[Column("fox", GenerationSettings(temperature=0))])


def test_strangers_get_404_and_a_wrong_post_changes_nothing(
    attempt: Attempt, stranger: User, labeler: User, signed_in: Callable[[User], Client]
) -> None:
    slug = attempt.project.slug
    client = signed_in(stranger)
    assert client.get(reverse("feedback:red-team", args=[slug])).status_code == 404
    for name in ("send", "stop", "finish", "give-up", "take-up", "ask-again", "fill"):
        url = reverse(f"feedback:attempt-{name}", args=[slug, attempt.pk])
        assert client.post(url).status_code == 404, name
        assert client.get(url).status_code in (404, 405), name
    mine = signed_in(labeler)
    send = reverse("feedback:attempt-send", args=[slug, attempt.pk])
    refused = mine.post(send, {"text": "Kept as typed", "revision": "7"})
    assert refused.status_code == 422
    assert "Kept as typed" in refused.content.decode()
    start = reverse("feedback:red-team-start", args=[slug])
    assert mine.post(start, {"alias": "Model Z", "goal": "x"}).status_code == 422
    assert Attempt.objects.count() == 1
    assert now(attempt).messages == []
