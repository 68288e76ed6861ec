"""Signing in and out, and one's own account."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import AsyncClient, Client

from accounts import services
from accounts.access import ADMIN
from accounts.models import User

SignedIn = Callable[[User], Client]
RIGHT = {"username": "member", "password": "a long member phrase"}
WRONG = {"username": "member", "password": "a guess"}


def test_signing_in_changes_the_session_key(client: Client, member: User) -> None:
    client.get("/people/login/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key or ""
    client.cookies["sessionid"] = planted
    assert client.post("/people/login/", RIGHT).headers["Location"] == "/"
    assert client.cookies["sessionid"].value != planted


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/people/account/", "/people/account/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_leads_only_to_this_site(
    client: Client, member: User, wanted: str, reached: str
) -> None:
    answer = client.post("/people/login/", {**RIGHT, "next": wanted})
    assert answer.headers["Location"] == reached


def test_a_wrong_password_says_what_to_check(client: Client, member: User) -> None:
    page = client.post("/people/login/", WRONG).content.decode()
    assert "do not belong together" in page


def test_signing_out_takes_a_post(member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    assert client.get("/people/logout/").status_code == 405
    assert client.post("/people/logout/").headers["Location"] == "/people/login/"
    assert client.get("/people/account/").status_code == 302


async def guess(client: AsyncClient, times: int) -> int:
    """The status of the last of so many wrong tries."""
    for _ in range(times):
        answer = await client.post("/people/login/", WRONG)
    return answer.status_code


@pytest.mark.django_db(transaction=True)
async def test_guessing_is_stopped_with_a_page_that_says_how_long(member: User) -> None:
    client = AsyncClient()
    assert await guess(client, settings.AXES_FAILURE_LIMIT - 1) == 200
    answer = await client.post("/people/login/", WRONG)
    assert answer.status_code == 429
    assert "paused for 15 minutes" in answer.content.decode()
    assert (await client.post("/people/login/", RIGHT)).status_code == 429


@pytest.mark.django_db(transaction=True)
async def test_one_name_being_guessed_does_not_lock_out_the_others(
    member: User, stranger: User
) -> None:
    client = AsyncClient()
    assert await guess(client, settings.AXES_FAILURE_LIMIT) == 429
    other = {"username": "stranger", "password": "a long stranger phrase"}
    assert (await client.post("/people/login/", other)).status_code == 302


def test_the_display_name_is_shown(member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    page = client.post("/people/account/", {"first_name": "Ada L."}, follow=True)
    assert "Name saved." in page.content.decode()
    member.refresh_from_db()
    assert member.display_name == "Ada L."


def test_a_new_password_signs_out_other_browsers(member: User, signed_in: SignedIn) -> None:
    here, elsewhere = signed_in(member), signed_in(member)
    new = "a much longer phrase"
    data = {"old_password": RIGHT["password"], "new_password1": new, "new_password2": new}
    assert here.post("/people/account/password/", data).status_code == 302
    assert here.get("/people/account/").status_code == 200
    assert elsewhere.get("/people/account/").status_code == 302


def test_the_old_password_is_needed_for_a_new_one(member: User, signed_in: SignedIn) -> None:
    data = {"old_password": "x", "new_password1": "quiet river", "new_password2": "quiet river"}
    page = signed_in(member).post("/people/account/password/", data)
    assert "entered incorrectly" in page.content.decode()
    member.refresh_from_db()
    assert member.check_password(RIGHT["password"])


def test_an_admins_link_sets_a_forgotten_password_once(
    owner: User, member: User, client: Client, signed_in: SignedIn
) -> None:
    page = signed_in(owner).post(f"/people/{member.pk}/password-link/")
    link = page.context["password_link"].removeprefix("http://testserver")
    form = client.get(link, follow=True)
    new = "a much longer phrase"
    form_path = form.redirect_chain[-1][0]
    answer = client.post(form_path, {"new_password1": new, "new_password2": new}, follow=True)
    assert "Password set." in answer.content.decode()
    member.refresh_from_db()
    assert member.check_password(new)
    assert "does not work" in client.get(link, follow=True).content.decode()


def test_no_link_is_made_for_the_owner_or_by_strangers(
    owner: User, member: User, stranger: User, signed_in: SignedIn
) -> None:
    services.set_groups(person=member, groups=[ADMIN], by=owner)
    page = signed_in(member).post(f"/people/{owner.pk}/password-link/", follow=True)
    assert "stays as it is" in page.content.decode()
    assert "/new-password/" not in page.content.decode()
    assert signed_in(stranger).post(f"/people/{member.pk}/password-link/").status_code == 404
