"""What was changed is written down with who did it, for good, and only admins read it."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.access import ADMIN
from accounts.models import Change, Invitation, User
from accounts.recording import Kind, Verb, record
from api.models import ApiKey
from api.services import make_key
from tests.conftest import joined

pytestmark = pytest.mark.both
SignedIn = Callable[[User], Client]


@pytest.fixture
def admin(owner: User) -> User:
    person = joined(owner, "admin")
    person.groups.add(Group.objects.get(name=ADMIN))
    return person


def lines(**wanted: Any) -> list[tuple[str, str, str]]:
    found = Change.objects.filter(**wanted).order_by("id")
    return list(found.values_list("who_name", "verb", "name"))


def test_acts_on_people_are_written_down_with_who_did_them(
    owner: User, admin: User, member: User, signed_in: SignedIn
) -> None:
    client = signed_in(admin)
    client.post(reverse("accounts:invite"), {"note": "For Kim", "days": "1"})
    made = Invitation.objects.get(note="For Kim")
    client.post(reverse("accounts:revoke", args=[made.pk]))
    client.post(reverse("accounts:groups", args=[member.pk]), {"groups": ["chatter", "labeler"]})
    client.post(reverse("accounts:groups", args=[member.pk]), {"groups": ["chatter", "labeler"]})
    client.post(reverse("accounts:password-link", args=[member.pk]))
    client.post(reverse("accounts:deactivate", args=[member.pk]))
    assert lines(who=admin, kind="invitation")[1:] == [
        ("admin", "made", "For Kim"),
        ("admin", "withdrawn", "For Kim"),
    ]
    assert lines(who=admin, kind="person")[1:] == [
        ("admin", "changed", "member"),
        ("admin", "changed", "member"),
        ("admin", "switched-off", "member"),
    ]
    rights = Change.objects.filter(verb="changed", kind="person").order_by("id")[0]
    assert rights.details == {"groups": ["chatter", "labeler"], "before": ["chatter"]}
    assert lines(verb="used") == [("admin", "used", ANY), ("member", "used", ANY)]
    assert lines(verb="made", name="owner") == [("owner", "made", "owner")]


def test_a_refused_act_is_not_written_down(admin: User, owner: User) -> None:
    before = Change.objects.count()
    with pytest.raises(services.PeopleError):
        services.set_active(person=owner, active=False, by=admin)
    assert Change.objects.count() == before


def test_a_key_is_named_but_never_told(member: User, signed_in: SignedIn) -> None:
    key, token = make_key(owner=member, name="laptop", scopes=["chat"], days=1, per_minute=9)
    signed_in(member).post(reverse("api:revoke", args=[key.pk]))
    assert lines(kind="key") == [("member", "made", "laptop"), ("member", "withdrawn", "laptop")]
    stored = str(list(Change.objects.values()))
    assert token not in stored and ApiKey.objects.get().digest not in stored


def test_what_is_written_stays_as_it_is(owner: User) -> None:
    change = Change.objects.earliest("id")
    change.name = "nobody"
    for act in (
        change.save,
        change.delete,
        Change.objects.all().delete,
        lambda: Change.objects.update(name="nobody"),
    ):
        with pytest.raises(TypeError, match="stays as it is"):
            act()
    assert not Change.objects.filter(name="nobody").exists()


def test_the_page_is_narrowed_and_the_table_holds_no_formula(
    owner: User, admin: User, member: User, signed_in: SignedIn
) -> None:
    for number in range(60):
        record(verb=Verb.MADE, kind=Kind.MODEL, name=f"fox-{number}", by=member)
    record(verb=Verb.BACKED_UP, kind=Kind.SITE, name="=HYPERLINK(1)", note="<b>bold</b>")
    page = signed_in(admin).get("/system/audit/").content.decode()
    assert "&lt;b&gt;bold" in page and "fox-59" in page and "Page 1 of 2" in page
    one = signed_in(admin).get("/system/audit/", {"who": "*"}).content.decode()
    assert "HYPERLINK" in one and "fox-59" not in one
    assert (
        "fox-0"
        in signed_in(admin).get("/system/audit/", {"kind": "model", "page": "2"}).content.decode()
    )
    none = signed_in(admin).get("/system/audit/", {"last": "2001-01-01"}).content.decode()
    assert "Nothing was changed that fits" in none
    odd = signed_in(admin).get("/system/audit/", {"first": "soon", "who": "\0"})
    assert odd.status_code == 200
    table = signed_in(admin).get("/system/audit/audit.csv", {"kind": "site"})
    assert "\r\n" in table.content.decode() and ",'=HYPERLINK(1)," in table.content.decode()
    for name in ("page", "export"):
        assert signed_in(member).get(reverse(f"audit:{name}")).status_code == 404
