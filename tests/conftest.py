"""Fixtures that every room's tests share.

What is slow is starting: a process that imports torch takes seconds of processor time, a web
process or a migrated database one or two. So a new test takes what runs already:

- `engine` here: the one engine process, with the models `tiny` and `talker` (tests/processes.py);
- `chat_site`, `site`, `chatter`, `chat`, `page` in tests/browser, `site` and `chatter` in
  tests/faults: a web process per folder. `lone_site` is for a first visit only;
- `tiny`, `tireless`, `bytes_model`, `real_model` in tests/llmkit: models loaded in this process;
- `member`, `stranger`, `signed_in` here: people, for views called without a server.

Two worker processes share the work (`pytest -n 2`, as scripts/check.py runs it). The tests of a
module stay together, and so do those of a folder that shares processes (tests/workers.py); nothing
else may be assumed of the order, and whatever a test writes must lie in a folder of its own.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import services
from accounts.models import User
from tests import flushed, prepared
from tests.processes import engine_in
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL, build_tiny_model
from tests.workers import UnitScheduling, longest_first


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins, after pytest-django has put the tests in its order."""
    items.sort(key=longest_first)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> UnitScheduling:
    config.option.loadscopereorder = False
    return UnitScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Workers share what is prepared; on one Redis they do not hear each other's messages."""
    prepared.share_folder()
    flushed.install()
    layer: Any = django_settings.CHANNEL_LAYERS["default"]
    if django_settings.REDIS_URL and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
        layer["CONFIG"]["prefix"] = worker


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Tables are copied. On SQLite every run has a file of its own, so that two at once do not
    share their rows."""
    default = django_settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        default["TEST"]["NAME"] = shutil.copy(prepared.tables(), file)
    else:
        default["TEST"]["TEMPLATE"] = prepared.template(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A copied file is not made anew."""
    return bool(django_settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"))


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
