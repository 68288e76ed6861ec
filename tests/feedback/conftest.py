"""People by right. What a trainer may manage is their own; an admin manages everything."""

import pytest
from django.contrib.auth.models import Group

from accounts.access import ADMIN, LABELER, TRAINER
from accounts.models import User
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
