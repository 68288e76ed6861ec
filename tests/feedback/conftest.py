"""People by right. What a trainer may manage is their own; an admin manages everything."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.access import ADMIN, LABELER, TRAINER
from accounts.models import User
from feedback.models import Project
from feedback.services import projects
from tests.conftest import joined


def with_right(owner: User, name: str, *groups: str) -> User:
    person = joined(owner, name)
    for group in groups:
        person.groups.add(Group.objects.get_or_create(name=group)[0])
    return person


@pytest.fixture
def labeler(owner: User) -> User:
    return with_right(owner, "labeler", LABELER)


@pytest.fixture
def trainer(owner: User) -> User:
    return with_right(owner, "trainer", TRAINER)


@pytest.fixture
def admin(owner: User) -> User:
    return with_right(owner, "admin", ADMIN)


@pytest.fixture
def project(trainer: User) -> Project:
    """The trainer's."""
    return projects.create(owner=trainer, name="Kind answers", guidelines="Be **kind**.")


@pytest.fixture
def manager(trainer: User, signed_in: Callable[[User], Client]) -> Client:
    """The trainer's browser."""
    return signed_in(trainer)
