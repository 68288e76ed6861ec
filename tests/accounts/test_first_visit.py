"""The first visit makes one owner, whoever comes at the same time."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection
from django.test import Client

from accounts import services
from accounts.access import GROUPS
from accounts.models import User

NEW = {"username": "ada", "password1": "quiet river stone", "password2": "quiet river stone"}


@pytest.mark.django_db
def test_every_page_leads_to_the_first_visit_while_nobody_is_here(client: Client) -> None:
    for path in ("/", "/people/login/", "/people/", "/admin/", "/people/join/abc/"):
        assert client.get(path).headers["Location"] == "/people/setup/", path


@pytest.mark.django_db
def test_health_and_static_files_answer_before_the_first_visit(client: Client) -> None:
    assert "Location" not in client.get("/health").headers
    assert "Location" not in client.get("/static/css/none.css").headers


@pytest.mark.django_db
def test_the_first_visit_makes_an_owner_in_every_group_and_signs_in(client: Client) -> None:
    assert client.post("/people/setup/", NEW).headers["Location"] == "/"
    owner = User.objects.get()
    assert (owner.is_owner, owner.is_superuser, owner.group_names) == (True, True, set(GROUPS))
    assert client.session["_auth_user_id"] == str(owner.pk)


@pytest.mark.django_db
def test_a_weak_password_is_refused(client: Client) -> None:
    answer = client.post("/people/setup/", {**NEW, "password1": "ada", "password2": "ada"})
    assert answer.status_code == 200
    assert "too short" in answer.content.decode()
    assert not User.objects.exists()


def test_there_is_no_second_first_visit(client: Client, owner: User) -> None:
    assert client.get("/people/setup/").headers["Location"] == "/people/login/"
    answer = client.post("/people/setup/", NEW, follow=True)
    assert "Someone has just made the first account" in answer.content.decode()
    assert list(User.objects.all()) == [owner]


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_of_two_first_visits_at_once_one_makes_the_owner() -> None:
    """Two threads start together; the database decides between them."""
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def visit(name: str) -> None:
        start.wait()
        try:
            services.create_owner(username=name, password="quiet river stone")
            outcomes.append("made")
        except services.OwnerExistsError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=(name,)) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert User.objects.filter(is_owner=True).count() == User.objects.count() == 1


def test_the_database_itself_refuses_a_second_owner(owner: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user(username="other", password="x", is_owner=True)


def test_the_groups_exist_from_the_start(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(GROUPS)
