"""The sockets for everybody, and /v1 for every kind of key."""

import uuid
from datetime import timedelta

import httpx
import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from api.models import ApiKey, Scope
from api.services import make_key, revoke_key
from chat.models import Conversation
from chat.services import comparisons
from chat.services.comparisons import Setup
from chat.streaming.database import in_database
from llmsite.asgi import application
from tests.access.people import NO, SIGN_IN, YES, Person, make_people
from tests.access.table import as_line, decided
from tests.chat.sockets import open_socket

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
NOBODY = "http://127.0.0.1:9"
OTHER = {Scope.GENERATE: Scope.EMBED, Scope.EMBED: Scope.GENERATE}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    settings.ENGINE_URLS = [NOBODY]


async def heard(person: Person, kind: str, key: uuid.UUID) -> str:
    socket = await open_socket(key, person.user, kind=kind)
    assert await socket.connect()
    closed = not await socket.receive_nothing()
    await socket.close()
    return (NO if person.user else SIGN_IN) if closed else YES


async def test_a_socket_is_the_makers_alone() -> None:
    people = await in_database(make_people)
    maker = people["maker"].user
    assert maker is not None
    talk = await in_database(Conversation.objects.create, owner=maker)
    beside = await in_database(lambda: comparisons.start(owner=maker, setups=[Setup(), Setup()]))
    for name, kind, key in (("conversation", "c", talk.pk), ("comparison", "compare", beside.pk)):
        row = f"socket:{name}", "SOCKET"
        told = tuple([await heard(person, kind, key) for person in people.values()])
        assert decided().get(row) == told, as_line(row, told)


def of_somebody(name: str, *scopes: str) -> tuple[ApiKey, str]:
    owner = User.objects.create_user(name)
    return make_key(owner=owner, name="x", scopes=list(scopes), days=1, per_minute=60)


def keys(scope: str) -> dict[str, str]:
    """Tokens by what is wrong with them; the last one is good."""
    made = {
        name: of_somebody(f"{name} {scope}", scope)
        for name in ("revoked", "expired", "inactive", "no chatter", "good")
    }
    revoke_key(key=made["revoked"][0])
    past = timezone.now() - timedelta(seconds=1)
    ApiKey.objects.filter(pk=made["expired"][0].pk).update(expires_at=past)
    User.objects.filter(pk=made["inactive"][0].owner_id).update(is_active=False)
    made["no chatter"][0].owner.groups.clear()
    wrong = of_somebody(f"scope {scope}", OTHER[Scope(scope)])[1]
    tokens = {name: token for name, (_, token) in made.items()}
    return {"none": "", "forged": f"{tokens['good'][:-1]}_", "wrong scope": wrong, **tokens}


CLOSED = {"none", "forged", "revoked", "expired", "inactive", "no chatter"}
ROUTES = [
    ("GET", "/v1/models", ""),
    ("GET", "/v1/models/fox", ""),
    ("POST", "/v1/chat/completions", Scope.GENERATE),
    ("POST", "/v1/completions", Scope.GENERATE),
    ("POST", "/v1/embeddings", Scope.EMBED),
]


def wanted(name: str, scope: str) -> set[int]:
    if name in CLOSED:
        return {401}
    if name == "wrong scope" and scope:
        return {403}
    return {200, 400, 404, 502, 503}


async def test_v1_opens_to_a_good_key_and_to_no_other() -> None:
    made: dict[str, dict[str, str]] = {s: await in_database(keys, s) for s in OTHER}
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for method, path, scope in ROUTES:
            for name, token in made[scope or Scope.GENERATE].items():
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                answer = await client.request(method, path, json={"model": 7}, headers=headers)
                assert answer.status_code in wanted(name, scope), (path, name, answer.text)


NO_OBJECTS = [b"", b"{", b"[]", b"7", b"NaN", b"\xff", b"[" * 5000, b'{"a":' * 5000]


async def test_v1_says_of_every_body_that_is_no_object_that_it_is_none() -> None:
    made = {scope: (await in_database(of_somebody, f"x {scope}", scope))[1] for scope in OTHER}
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for _, path, scope in (route for route in ROUTES if route[2]):
            for body in NO_OBJECTS:
                key = {"Authorization": f"Bearer {made[Scope(scope)]}"}
                answer = await client.post(path, content=body, headers=key)
                told = answer.json()["error"]["message"]
                assert (answer.status_code, "must be a JSON object" in told) == (400, True), body


def test_the_routes_are_all_of_them() -> None:
    from api.gateway import ROUTES as OFFERED

    assert len(OFFERED) == len(ROUTES)
