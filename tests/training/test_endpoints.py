"""Endpoints: their models in the picker, their failures in words, their keys nowhere."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from accounts.models import User
from llmkit.types import ChatMessage, Delta, EngineError, GenerationSettings
from tests.llmkit.rude_server import KEY, RudeServer, rude_server
from tests.training.conftest import NOBODY
from training import engines
from training.models import Endpoint, ModelVersion
from training.services import endpoints
from training.services.addresses import checked_url, is_plain_and_far
from training.services.endpoints import Wanted
from training.services.errors import ModelsError

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def running() -> Iterator[RudeServer]:
    with rude_server() as server:
        yield server


@pytest.fixture
def server(running: RudeServer) -> RudeServer:
    running.manner, running.names = "kind", ("fox-1", "fox-2")
    running.heard.clear()
    return running


def added(server: RudeServer, owner: User, name: str = "Acme", key: str = KEY) -> Endpoint:
    return endpoints.add(wanted=Wanted(name, f"{server.url}/v1", key), by=owner)


def picked() -> list[tuple[str, list[str]]]:
    picker = async_to_sync(engines.picker)()
    return [(group.label, [choice.name for choice in group.choices]) for group in picker.groups]


async def asked(model: str) -> str:
    client = await engines.client_for(model)
    told = client.stream_chat(model, [ChatMessage("user", "Hello")], GenerationSettings())
    text = "".join([event.text async for event in told if isinstance(event, Delta)])
    await engines.close()
    return text


def test_it_is_checked_at_once_and_its_models_can_be_picked(
    server: RudeServer, owner: User
) -> None:
    endpoint = added(server, owner)
    assert (endpoint.state, endpoint.models) == ("answering", ["fox-1", "fox-2"])
    assert picked() == [("Acme", ["fox-1", "fox-2"])]
    assert async_to_sync(asked)("fox-2") == "Foxes sleep."
    assert server.heard[0]["model"] == "fox-2"


def test_a_name_that_two_servers_share_gets_the_endpoints_own(
    server: RudeServer, owner: User
) -> None:
    added(server, owner, "Acme")
    server.names = ("fox-2", "owl")
    added(server, owner, "Bear")
    ModelVersion.objects.create(name="owl", source="folder")
    assert picked() == [
        ("Acme", ["fox-1", "Acme/fox-2"]),
        ("Bear", ["Bear/fox-2", "Bear/owl"]),
    ]
    async_to_sync(asked)("Bear/owl")
    assert server.heard[0]["model"] == "owl"


def test_a_model_of_this_machine_never_leads_elsewhere(server: RudeServer, owner: User) -> None:
    """Its engine may be starting, while an endpoint has a model of the same name."""
    added(server, owner)
    ModelVersion.objects.create(name="fox-1", source="folder")
    client = async_to_sync(engines.client_for)("fox-1")
    assert client.root == NOBODY


def test_one_that_fails_is_kept_and_says_why(server: RudeServer, owner: User) -> None:
    endpoint = added(server, owner, key="sk-wrong")
    assert endpoint.state == "failing"
    assert "did not accept its key" in endpoint.error
    assert "sk-wrong" not in endpoint.error


def test_while_it_fails_its_models_stay_known_and_are_marked(
    server: RudeServer, owner: User
) -> None:
    endpoint = added(server, owner)
    server.manner = "page"
    endpoints.check(endpoint=endpoint)
    assert picked() == [("Acme (not answering)", ["fox-1", "fox-2"])]


def test_switched_off_it_is_not_picked(server: RudeServer, owner: User) -> None:
    endpoint = added(server, owner)
    endpoints.set_enabled(endpoint=endpoint, enabled=False)
    assert picked() == []


def test_whoever_looks_claims_a_check_that_is_due_once(server: RudeServer, owner: User) -> None:
    added(server, owner)
    assert endpoints.claim_due() == []
    Endpoint.objects.update(last_checked_at=timezone.now() - timedelta(minutes=2))
    assert [e.name for e in endpoints.claim_due()] == ["Acme"]
    assert endpoints.claim_due() == []


def test_a_key_is_never_sent_to_another_address(server: RudeServer, owner: User) -> None:
    endpoint = added(server, owner)
    with pytest.raises(ModelsError, match="Enter the key again"):
        endpoints.change(endpoint=endpoint, wanted=Wanted("Acme", NOBODY))
    endpoints.change(endpoint=endpoint, wanted=Wanted("Better", server.url))
    assert (endpoint.name, endpoint.state) == ("Better", "answering")


def test_its_key_is_on_no_page_and_in_no_log(
    server: RudeServer, owner: User, page: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = {"name": "Acme", "url": server.url, "api_key": KEY}
    answer = page.post("/models/endpoints/add/", form, follow=True)
    assert "Acme answers and has 2 models" in answer.content.decode()
    pk = Endpoint.objects.get().pk
    for address in ("/models/", "/models/rows", f"/models/endpoints/{pk}/"):
        assert KEY not in page.get(address).content.decode(), address
    assert KEY not in caplog.text
    assert KEY not in repr(Endpoint.objects.get())


def test_only_admins_may_touch_endpoints(
    server: RudeServer, owner: User, trainer: User, signed_in: Any
) -> None:
    endpoint = added(server, owner)
    client = signed_in(trainer)
    for act in ("", "check", "on", "off", "delete"):
        assert client.post(f"/models/endpoints/{endpoint.pk}/{act}").status_code == 404
    shown = client.get("/models/").content.decode()
    assert "Acme" in shown
    assert server.url not in shown


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" https://api.example.com/v1/ ", "https://api.example.com"),
        ("http://gpu-box:8000", "http://gpu-box:8000"),
        ("https://example.com/openai/v1", "https://example.com/openai"),
    ],
)
def test_an_address_is_taken_as_people_write_it(text: str, url: str) -> None:
    assert checked_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "ftp://example.com",
        "http://",
        "http://a:b@c",
        "http://x?y=1",
        "http://[::1",
        "http://x:99999",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ModelsError):
        checked_url(text)


def test_plain_http_is_pointed_out_beyond_the_own_network() -> None:
    assert is_plain_and_far("http://api.example.com")
    assert is_plain_and_far("http://8.8.8.8")
    for near in (
        "https://api.example.com",
        "http://127.0.0.1:1",
        "http://gpu-box",
        "http://10.0.0.2",
    ):
        assert not is_plain_and_far(near)


def test_without_any_server_a_model_is_refused_in_a_sentence(settings: Any) -> None:
    settings.ENGINE_URLS = []
    with pytest.raises(EngineError, match="ENGINE_URLS is empty, and no endpoint offers it"):
        async_to_sync(engines.client_for)("fox-1")
