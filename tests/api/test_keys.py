"""Keys: what opens, what does not, and that a minute's requests are counted once over all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.groups import CHATTER
from accounts.models import User
from api.gateway import RefusedError, admit, admit_alone
from api.models import ApiKey, Scope
from api.services import MOST_KEYS, make_key, revoke_key

pytestmark = pytest.mark.both


def made(owner: User, *, per_minute: int = 60, days: int | None = 1) -> tuple[ApiKey, str]:
    return make_key(
        owner=owner, name="script", scopes=[Scope.GENERATE], days=days, per_minute=per_minute
    )


def refusal(token: str, scope: str | None = None) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        admit(token, scope)
    return refused.value.status, refused.value.code


def test_the_token_is_kept_nowhere_and_opens_what_it_may(member: User) -> None:
    key, token = made(member)
    stored = " ".join(map(str, ApiKey.objects.filter(pk=key.pk).values_list().get()))
    assert token not in stored and key.begins in token and len(key.begins) < len(token) / 2
    admit(token, Scope.GENERATE)
    assert refusal(token, Scope.EMBED) == (403, "missing_scope")
    key.refresh_from_db()
    assert key.requests == 1 and key.last_used_at


def test_what_opens_nothing(member: User) -> None:
    key, token = made(member)
    closed = (401, "invalid_api_key")
    assert refusal("") == refusal(token[:-1]) == refusal(key.digest) == closed
    chatters = member.groups.get(name=CHATTER)
    member.groups.remove(chatters)
    assert refusal(token) == closed
    member.groups.add(chatters)
    admit(token, None)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert refusal(token) == closed
    User.objects.filter(pk=member.pk).update(is_active=True)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(token) == closed
    ApiKey.objects.filter(pk=key.pk).update(expires_at=None)
    admit(token, None)
    revoke_key(key=key)
    assert refusal(token) == closed


def test_a_new_minute_gives_new_requests(member: User) -> None:
    key, token = made(member, per_minute=2)
    admit(token, None)
    admit(token, None)
    ApiKey.objects.filter(pk=key.pk).update(in_minute=2)
    assert refusal(token) == (429, "rate_limit_exceeded")
    ApiKey.objects.filter(pk=key.pk).update(minute=timezone.now() - timedelta(minutes=1))
    admit(token, None)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_no_more_than_the_limit(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = made(member, per_minute=7)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)

    def ask(_: int) -> bool:
        try:
            admit_alone(token, None)
        except RefusedError as refused:
            assert refused.status == 429
            return False
        return True

    with ThreadPoolExecutor(20) as people:
        let_in = list(people.map(ask, range(20)))
    assert sum(let_in) == 7


def test_a_key_is_its_owners_alone(
    member: User, stranger: User, signed_in: Callable[[User], Client]
) -> None:
    key, _ = made(member)
    other = signed_in(stranger)
    assert other.post(f"/keys/{key.pk}/revoke/").status_code == 404
    assert key.begins not in other.get("/keys/").content.decode()
    assert key.begins in signed_in(member).get("/keys/").content.decode()
    stranger.groups.clear()
    assert other.get("/keys/").status_code == 404


def test_a_form_that_is_wrong_makes_nothing(
    member: User, signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(member)
    for wrong in ({"name": ""}, {"scopes": "root"}, {"days": "7"}, {"per_minute": "0"}):
        right = {"name": "x", "scopes": "generate", "days": "30", "per_minute": "5"}
        assert client.post("/keys/make/", right | wrong).status_code == 200
    assert not ApiKey.objects.exists()
    for _ in range(MOST_KEYS):
        made(member)
    page = client.post("/keys/make/", right).content.decode()
    assert "Revoke one first" in page and ApiKey.objects.count() == MOST_KEYS
