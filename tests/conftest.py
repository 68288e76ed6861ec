"""Fixtures that every room's tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import services
from accounts.models import User
from tests.processes import engine_in
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL, build_tiny_model


@pytest.fixture(scope="session")
def tiny_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder holding one served model, named `tiny`."""
    folder = tmp_path_factory.mktemp("models")
    build_tiny_model(folder / TINY_MODEL)
    return folder


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A real engine with tiny models, shared by every test that chats."""
    running = engine_in(tmp_path_factory.mktemp("engine"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _quick_settings(settings: Settings) -> None:
    """Static files by their plain names, and passwords hashed only as well as a test needs."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def owner(db: None) -> User:
    """The person of the first visit, who may do everything."""
    return services.create_owner(username="owner", password="a long owner phrase")


@pytest.fixture
def member(owner: User) -> User:
    """Someone invited, who may chat; most tests about one's own things are about them."""
    return joined(owner, "member")


@pytest.fixture
def stranger(owner: User) -> User:
    """Someone else who may chat, and to whom nothing of the member's belongs."""
    return joined(owner, "stranger")


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """`signed_in(member)`: a client of that person's."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def joined(owner: User, name: str) -> User:
    _, token = services.create_invitation(created_by=owner)
    return services.join(token=token, username=name, password=f"a long {name} phrase")
