"""Admins decide who may do what; to everyone else these pages do not exist."""

from collections.abc import Callable

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts import services
from accounts.access import ADMIN, CHATTER, LABELER, TRAINER, in_group, is_admin, is_labeler
from accounts.models import User

SignedIn = Callable[[User], Client]


def test_the_people_pages_do_not_exist_for_others(
    member: User, stranger: User, signed_in: SignedIn
) -> None:
    client = signed_in(stranger)
    assert client.get("/people/").status_code == 404
    for path in ("invite/", "invitations/1/revoke/", f"{member.pk}/groups/"):
        assert client.post(f"/people/{path}").status_code == 404, path
    assert client.post(f"/people/{member.pk}/deactivate/").status_code == 404
    member.refresh_from_db()
    assert member.is_active


def test_visitors_are_asked_to_sign_in(client: Client, owner: User) -> None:
    answer = client.get("/people/")
    assert answer.headers["Location"] == "/people/login/?next=/people/"


def test_an_admin_who_is_not_the_owner_sees_everyone(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    services.set_groups(person=member, groups=[ADMIN], by=owner)
    page = signed_in(member).get("/people/").content.decode()
    assert "owner" in page and "member" in page


def test_an_admin_changes_what_someone_may_do(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    signed_in(owner).post(f"/people/{member.pk}/groups/", {"groups": [LABELER, TRAINER]})
    assert member.group_names == {LABELER, TRAINER}
    assert is_labeler.test(member) and not is_admin.test(member)


def test_an_unknown_group_is_refused(owner: User, member: User, signed_in: SignedIn) -> None:
    signed_in(owner).post(f"/people/{member.pk}/groups/", {"groups": ["king"]})
    assert member.group_names == {CHATTER}


def test_switching_someone_off_ends_their_session_and_can_be_undone(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    theirs, admin = signed_in(member), signed_in(owner)
    page = admin.post(f"/people/{member.pk}/deactivate/", follow=True).content.decode()
    assert f'action="/people/{member.pk}/reactivate/"' in page
    assert theirs.get("/people/account/").status_code == 302
    admin.post(f"/people/{member.pk}/reactivate/")
    assert theirs.get("/people/account/").status_code == 200


def test_the_owner_and_oneself_stay_as_they_are(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    services.set_groups(person=member, groups=[ADMIN], by=owner)
    admin = signed_in(member)
    for person in (owner, member):
        admin.post(f"/people/{person.pk}/deactivate/")
        admin.post(f"/people/{person.pk}/groups/", {"groups": []})
        person.refresh_from_db()
        assert person.is_active and ADMIN in person.group_names


def test_a_guarded_view_answers_404_outside_its_group(member: User, owner: User) -> None:
    @in_group(TRAINER)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    request = RequestFactory().get("/")
    request.user = owner
    assert view(request).status_code == 200
    request.user = member
    with pytest.raises(Http404):
        view(request)


def test_a_guard_with_an_unknown_group_is_a_mistake_found_at_start() -> None:
    with pytest.raises(ValueError, match="There is no group 'boss'"):
        in_group("boss")


def test_djangos_admin_is_for_the_owner_and_does_not_exist_for_others(
    owner: User, member: User, client: Client, signed_in: SignedIn
) -> None:
    services.create_invitation(created_by=owner, note="For Ada")
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/people/login/")
    assert signed_in(member).get("/admin/", follow=True).status_code == 404
    admin = signed_in(owner)
    for path in (
        "",
        "accounts/user/",
        f"accounts/user/{member.pk}/change/",
        "accounts/invitation/",
    ):
        assert admin.get(f"/admin/{path}").status_code == 200, path
    assert admin.get("/admin/accounts/invitation/add/").status_code == 403


def test_a_room_opens_by_its_group_and_the_start_page_says_so(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    client = signed_in(member)
    assert client.get("/chat/").status_code == client.get("/templates/").status_code == 200
    services.set_groups(person=member, groups=[], by=owner)
    assert client.get("/templates/").status_code == client.get("/chat/").status_code == 404
    page = client.get("/")
    assert "Ask an admin if you would like to chat" in page.content.decode()
    assert 'href="/templates/"' not in page.content.decode()
