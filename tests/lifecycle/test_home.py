"""The home page: what one has done in each stage, what is next, and nobody else's."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.access import LABELER
from accounts.models import User
from chat.models import Conversation
from evaluation.models import EvaluationRun
from lifecycle.home.counting import Counted
from lifecycle.home.next_step import next_step
from lifecycle.home.stages import many, stages_of
from tests.chat.conftest import begin, talk
from tests.training.run_rows import a_run, base
from training.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SignedIn = Callable[[User], Client]


def names(user: User) -> list[str]:
    return [stage.name for stage in stages_of(Counted(user))]


def test_each_person_sees_the_stages_that_they_have_a_part_in(
    member: User, stranger: User, trainer: User, owner: User
) -> None:
    assert names(member) == ["choose", "prompt", "align"]
    stranger.groups.set([Group.objects.get_or_create(name=LABELER)[0]])
    assert names(User.objects.get(pk=stranger.pk)) == ["choose", "align"]
    assert names(owner) == ["choose", "prompt", "tune", "align", "evaluate", "deploy"]


def test_a_newcomer_is_led_to_a_first_answer_and_a_first_ranking(
    member: User, owner: User, signed_in: SignedIn
) -> None:
    assert "Ask somebody who trains" in next_step(Counted(member)).sentence
    assert [act.verb for act in next_step(Counted(owner)).acts] == ["Add model"]
    base()
    client = signed_in(member)
    page = client.get("/").content.decode()
    assert "Ask something" in page
    conversation = Conversation.objects.create(owner=member, model="fox")
    _, answer = talk(conversation, "Say hello", "Hello")
    begin(answer, model="fox", state="done", prompt_tokens=7, completion_tokens=5, total_ms=2000.0)
    step = next_step(Counted(member))
    assert [(act.verb, act.post) for act in step.acts] == [("Compare two answers", True)]
    assert client.post(step.acts[0].url).status_code == 302
    page = client.get("/").content.decode()
    assert "1 answer in 1 conversation" in page
    assert "12 tokens" in page
    assert next_step(Counted(owner)).stage == "prompt"


def test_a_trainers_numbers_are_of_their_own_runs(
    trainer: User, stranger: User, signed_in: SignedIn
) -> None:
    a_run(trainer, method="reward", state=Job.State.DONE, tokens=1200)
    a_run(trainer, "later", method="ppo", state=Job.State.RUNNING)
    a_run(stranger, "theirs", method="reward", state=Job.State.DONE, tokens=99_000)
    page = signed_in(trainer).get("/").content.decode()
    assert "1 reward model" in page
    assert "1 run at work" in page
    assert "1,200 tokens" in page
    assert "99,000" not in page


def test_the_page_costs_no_more_queries_however_much_there_is(
    trainer: User, signed_in: SignedIn
) -> None:
    client = signed_in(trainer)
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    model = base()
    for number in range(12):
        a_run(trainer, f"run-{number}", method="sft", state=Job.State.DONE)
        EvaluationRun.objects.create(
            owner=trainer, name=f"e{number}", model=model, subject="model:1", matter="cola"
        )
        talk(Conversation.objects.create(owner=trainer, model="fox"), "Hi", "Hello")
    with CaptureQueriesContext(connection) as many_:
        client.get("/")
    assert len(many_) <= len(few) + 2


def test_counts_are_said_as_people_say_them() -> None:
    assert many(1, "reward model") == "1 reward model"
    assert many(2, "frozen set") == "2 frozen sets"
    assert many(3000, "ranking") == "3,000 rankings"
    assert many(2, "dataset") == "2 datasets"
