"""A link makes one account, once, while it is open."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.access import CHATTER, LABELER
from accounts.models import Invitation, User

SignedIn = Callable[[User], Client]
NEW = {"username": "ada", "password1": "quiet river stone", "password2": "quiet river stone"}


def test_an_admin_makes_a_link_that_is_shown_once(owner: User, signed_in: SignedIn) -> None:
    admin = signed_in(owner)
    page = admin.post("/people/invite/", {"groups": [LABELER], "note": "For Ada", "days": 7})
    link = page.context["link"]
    assert link in page.content.decode()
    assert link not in admin.get("/people/").content.decode()
    assert link.rsplit("/", 2)[1] not in str(Invitation.objects.values().get())


def test_joining_gives_the_groups_and_signs_in(client: Client, owner: User) -> None:
    invitation, token = services.create_invitation(created_by=owner, groups=[LABELER])
    assert client.post(f"/people/join/{token}/", NEW).headers["Location"] == "/"
    ada = User.objects.get(username="ada")
    assert ada.group_names == {CHATTER, LABELER}
    assert client.session["_auth_user_id"] == str(ada.pk)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.used_by) == ("used", ada)


def test_a_link_that_never_was_answers_404(client: Client, owner: User) -> None:
    assert client.get("/people/join/wrong/").status_code == 404
    assert client.post("/people/join/wrong/", NEW).status_code == 404


@pytest.mark.parametrize("end", ["used", "revoked", "expired"])
def test_a_link_that_is_over_answers_410_and_makes_nobody(
    client: Client, owner: User, end: str
) -> None:
    invitation, token = services.create_invitation(created_by=owner)
    close(invitation, token, end)
    before = User.objects.count()
    assert client.get(f"/people/join/{token}/").status_code == 410
    assert client.post(f"/people/join/{token}/", NEW).status_code == 410
    assert User.objects.count() == before


def close(invitation: Invitation, token: str, end: str) -> None:
    if end == "used":
        services.join(token=token, username="first", password="quiet river stone")
    elif end == "revoked":
        services.revoke_invitation(invitation=invitation)
    else:
        invitation.expires_at = timezone.now() - timedelta(seconds=1)
        invitation.save()


def test_a_taken_name_leaves_the_link_open(client: Client, member: User, owner: User) -> None:
    _, token = services.create_invitation(created_by=owner)
    with pytest.raises(services.NameTakenError):
        services.join(token=token, username=member.username, password="quiet river stone")
    assert Invitation.objects.open().with_token(token).exists()
    for name in (member.username, member.username.upper()):
        page = client.post(f"/people/join/{token}/", {**NEW, "username": name})
        assert "Choose another" in page.content.decode(), name


def test_someone_signed_in_does_not_use_up_a_link(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    _, token = services.create_invitation(created_by=owner)
    assert signed_in(member).get(f"/people/join/{token}/").headers["Location"] == "/"
    assert Invitation.objects.open().with_token(token).exists()


def test_a_used_link_cannot_be_revoked(owner: User, signed_in: SignedIn) -> None:
    invitation, token = services.create_invitation(created_by=owner)
    close(invitation, token, "used")
    page = signed_in(owner).post(f"/people/invitations/{invitation.pk}/revoke/", follow=True)
    assert "already used" in page.content.decode()


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_two_people_with_one_link_make_one_account() -> None:
    owner = services.create_owner(username="owner", password="quiet river stone")
    _, token = services.create_invitation(created_by=owner)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def join(name: str) -> None:
        start.wait()
        try:
            services.join(token=token, username=name, password="quiet river stone")
            outcomes.append("joined")
        except services.InvitationGoneError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=(name,)) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["joined", "refused"]
    assert User.objects.count() == 2
