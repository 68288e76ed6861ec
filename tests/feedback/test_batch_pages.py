"""The pages of a batch: looked at before it is asked, and nobody else's."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from feedback.models import Batch, BatchPrompt, Project
from feedback.services import projects
from feedback.services.batches import making, working
from feedback.urls.batches import urlpatterns
from llmsite.celery import app
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL
from training.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<script>alert(1)</script>"
ROWS = [{"prompt": HOSTILE, "id": "<b>"}, {"prompt": "Sing a song."}, {"prompt": ""}]
CHOICES = {
    "candidates": "2",
    "seed": "7",
    "column0-model": TINY_MODEL,
    "column0-temperature": "1.5",
    "column0-max_tokens": "5",
    "column0-top_k": "0",
    "column0-top_p": "1",
    "column0-repetition_penalty": "1",
}


@pytest.fixture(autouse=True)
def _asked(engine: RunningSite, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENGINE_URLS = [engine.engine_url]
    monkeypatch.setattr(app, "send_task", lambda name, args: None)


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Foxes")


@pytest.fixture
def page(project: Project, owner: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(owner)


def uploaded(page: Client) -> Batch:
    content = "\n".join(map(json.dumps, ROWS)).encode()
    page.post("/feedback/foxes/batches/new/", {"file": SimpleUploadedFile("hard.jsonl", content)})
    return Batch.objects.get()


def address(batch: Batch, what: str = "") -> str:
    return f"/feedback/foxes/batches/{batch.pk}/{what}"


def text(page: Client, where: str) -> str:
    answer = page.get(where)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_an_uploaded_file_is_shown_as_it_will_be_asked_with_what_was_refused(page: Client) -> None:
    batch = uploaded(page)
    shown = text(page, address(batch))
    assert "2 prompts can be asked" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert HOSTILE not in shown
    assert "1 row refused" in shown
    assert "The prompt is empty" in shown
    refused = page.get(address(batch, "refused")).content.decode()
    assert json.loads(refused) == {
        "row": 3,
        "fault": "the prompt is empty",
        "raw": '{"prompt": ""}',
    }


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file or type prompts, one of the two."),
        ({"typed": "  \n "}, "Choose a file or type prompts, one of the two."),
        ({"file": SimpleUploadedFile("a.csv", b"question\nHi")}, "one of them prompt or messages"),
        ({"file": SimpleUploadedFile("a.jsonl", b"{}")}, "Row 1: the prompt is missing."),
    ],
)
def test_what_cannot_be_read_makes_nothing_and_says_why(
    page: Client, sent: dict[str, Any], words: str
) -> None:
    answer = page.post("/feedback/foxes/batches/new/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Batch.objects.exists()


def test_what_it_costs_is_told_before_it_is_started_and_then_it_waits(page: Client) -> None:
    batch = uploaded(page)
    cost = page.post(address(batch, "estimate"), CHOICES).content.decode()
    assert "4 answers for 2 prompts" in " ".join(cost.split())
    page.post(address(batch, "start"), CHOICES)
    assert "Waiting for a worker" in text(page, address(batch))
    batch.refresh_from_db()
    working.run(batch_id=str(batch.pk), attempt=1)
    assert "2 of 2 prompts ready to rank" in text(page, address(batch))
    assert page.get(address(batch, "live")).headers["HX-Refresh"] == "true"
    assert "2 of 2" in text(page, "/feedback/foxes/batches/")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"candidates": "1"}, "Give a whole number between 2 and 9."),
        ({"column0-temperature": "9"}, "Give a number between 0 and 5."),
        ({"column0-top_p": "0"}, "Top-p must be greater than 0."),
        ({"column0-model": ""}, "Choose a model."),
        ({"column0-model": "nobody-1"}, "No engine has nobody-1 now."),
        ({"column0-temperature": "0"}, "every answer would be the same"),
    ],
)
def test_a_choice_that_makes_no_sense_keeps_the_draft_and_what_was_typed(
    page: Client, change: dict[str, str], words: str
) -> None:
    batch = uploaded(page)
    answer = page.post(address(batch, "start"), {**CHOICES, **change, "seed": "4711"})
    shown = answer.content.decode()
    assert (answer.status_code, words in shown) == (422, True)
    assert 'value="4711"' in shown
    batch.refresh_from_db()
    assert batch.is_draft


def test_a_draft_is_discarded_and_a_waiting_batch_stopped_and_gone_on_with(page: Client) -> None:
    batch = uploaded(page)
    page.post(address(batch, "start"), CHOICES)
    page.post(address(batch, "discard"))
    page.post(address(batch, "cancel"))
    assert making.STOPPED in text(page, address(batch))
    page.post(address(batch, "resume"))
    batch.refresh_from_db()
    assert (batch.state, batch.attempt) == (Job.State.WAITING, 2)
    page.post("/feedback/foxes/batches/new/", {"typed": "Another one."})
    draft = Batch.objects.exclude(pk=batch.pk).get()
    page.post(address(draft, "discard"))
    assert list(Batch.objects.all()) == [batch]


def test_prompts_are_listed_by_state(page: Client) -> None:
    batch = uploaded(page)
    page.post(address(batch, "start"), CHOICES)
    batch.prompts.filter(number=2).update(state=BatchPrompt.State.FAILED, error="It is too long.")
    shown = text(page, address(batch, "?state=failed"))
    assert "It is too long." in shown
    assert "&lt;script&gt;" not in shown


def test_for_a_stranger_no_batch_exists(
    page: Client, stranger: User, member: User, project: Project, signed_in: Callable[..., Client]
) -> None:
    batch = uploaded(page)
    project.people.add(member)
    for other in (stranger, member):
        client = signed_in(other)
        for pattern in urlpatterns:
            path = re.sub(r"<slug:slug>", "foxes", str(pattern.pattern))
            where = f"/feedback/{path.replace('<uuid:key>', str(batch.pk))}"
            codes = {client.get(where).status_code, client.post(where).status_code}
            assert codes <= {404, 405}, where
    batch.refresh_from_db()
    assert batch.is_draft
