"""The Models page: everyone may look, some may add, and only admins give paths of the server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Conversation
from training.models import Addition, ModelVersion
from training.services import adding
from training.urls import urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)
SignedIn = Callable[[User], Client]


def text(client: Client, address: str = "/models/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_an_empty_page_says_what_to_do(page: Client) -> None:
    assert "There is no model on this server yet" in text(page)
    assert "The engine does not answer" in text(page)


def test_everyone_sees_the_models_and_only_admins_see_whose_conversations(
    installed: Callable[[str], Path], page: Client, member: User, signed_in: SignedIn
) -> None:
    installed("fox")
    Conversation.objects.create(owner=member, model="fox")
    assert "1 conversation of member" in text(page)
    looked = text(signed_in(member))
    assert "1 conversation" in looked
    assert "of member" not in looked
    assert "Add model" not in looked


def test_a_chatter_may_change_nothing(
    installed: Callable[[str], Path], member: User, signed_in: SignedIn
) -> None:
    installed("fox")
    client = signed_in(member)
    client.get("/models/")
    pk = ModelVersion.objects.get().pk
    looking = {"list", "rows", "model", "promotions"}
    values = {"pk": pk, "way": "hub", "job": "0" * 32, "at": 0}
    for pattern in urlpatterns:
        if pattern.name in looking:
            continue
        known = pattern.pattern.converters
        address = f"/models/{pattern.pattern}"
        for name in known:
            kind = type(known[name]).__name__.removesuffix("Converter").lower()
            value = "00000000-0000-0000-0000-000000000000" if name == "job" else values[name]
            address = address.replace(f"<{kind}:{name}>", str(value))
        codes = {getattr(client, method)(address).status_code for method in ("get", "post", "put")}
        assert codes <= {404, 405}, address
    assert ModelVersion.objects.ready().exists()


def test_a_trainer_adds_from_the_hub_but_gives_no_paths(
    trainer: User, signed_in: SignedIn, source: Path
) -> None:
    client = signed_in(trainer)
    assert "A folder on the server" not in text(client, "/models/add/")
    for way in ("folder", "path"):
        answer = client.post(f"/models/add/{way}", {"origin": str(source)})
        assert answer.status_code == 404
    client.post("/models/add/hub", {"origin": "acme/fox"})
    assert Addition.objects.get().origin == "acme/fox"
    assert "Waiting for a worker" in text(client)


@pytest.mark.parametrize("origin", ["", "../x", "a/b/c", "https://hub/x", "a b"])
def test_what_is_no_hub_id_is_refused_in_the_form(page: Client, origin: str) -> None:
    answer = page.post("/models/add/hub", {"origin": origin})
    assert answer.status_code == 422
    assert not Addition.objects.exists()


def test_an_unknown_path_is_refused_in_the_form(page: Client) -> None:
    answer = page.post("/models/add/folder", {"origin": "/no/such/folder"})
    assert answer.status_code == 422
    assert "There is nothing at /no/such/folder" in answer.content.decode()


def test_progress_survives_a_reload_and_can_be_cancelled(
    page: Client, owner: User, source: Path
) -> None:
    addition = adding.begin(source="folder", origin=str(source), by=owner)
    Addition.objects.update(
        state="running", phase="Copying", done_bytes=10**6, total_bytes=4 * 10**6, worker="x:1:1"
    )
    assert "Copying: 1.0 MB of 4.0 MB (25 %)" in text(page)
    page.post(f"/models/{addition.version_id}/cancel")
    assert "Cancelling" in text(page, "/models/rows")


def test_a_model_has_a_page_with_its_card(installed: Callable[[str], Path], page: Client) -> None:
    card = installed("fox") / "README.md"
    card.write_text(
        "---\nlicense: mit\n---\n# Foxes\n<script>alert(1)</script>![x](http://x/y.png)"
    )
    page.get("/models/")
    shown = text(page, ModelVersion.objects.get().get_absolute_url())
    assert "<h1>Foxes</h1>" in shown
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "MIT" in shown


def test_removing_can_be_undone_from_the_message(
    installed: Callable[[str], Path], page: Client
) -> None:
    installed("fox")
    page.get("/models/")
    pk = ModelVersion.objects.get().pk
    said = page.post(f"/models/{pk}/remove", follow=True).content.decode()
    assert f'action="/models/{pk}/restore"' in said
    page.post(f"/models/{pk}/restore")
    assert ModelVersion.objects.get().state == "ready"


def test_a_file_is_uploaded_by_its_owner_only(
    page: Client, trainer: User, signed_in: SignedIn
) -> None:
    said: Any = page.post("/models/upload/", {"file_name": "fox.gguf", "size": 8}).json()
    address = f"/models/upload/{said['id']}/0"
    assert signed_in(trainer).put(address, b"GGUF").status_code == 404
    assert page.put(address, b"GGUF").json() == {"have": 4}
    refused = page.put(f"/models/upload/{said['id']}/4", b"GGUF too long")
    assert "longer than it was said to be" in refused.json()["error"]
