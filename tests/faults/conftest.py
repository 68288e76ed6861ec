"""Real processes to be killed: a site whose web, engine or database dies in mid-answer."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.system_packages import find_postgres
from tests import prepared, services
from tests.processes import Chatter, site_on, wait_until_idle
from tests.running_site import RunningSite


@pytest.fixture(scope="package")
def site(engine: RunningSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    running = site_on(engine, tmp_path_factory.mktemp("faults"))
    yield running
    running.close()


@pytest.fixture
def chatter(site: RunningSite, engine: RunningSite) -> Iterator[Chatter]:
    """The owner in a conversation not yet begun; both processes run before and after."""
    yield Chatter(site, site.owner())
    if "web" not in site.processes:
        site.start_web()
    if "engine" not in engine.processes:
        engine.start_engine()


@pytest.fixture(autouse=True)
def nothing_left_running(engine: RunningSite) -> Iterator[None]:
    yield
    if "engine" in engine.processes:
        wait_until_idle(engine)


@pytest.fixture(scope="package")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of its own. Skips where it is not installed, but fails under CI."""
    programs = find_postgres()
    if programs is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("PostgreSQL is not installed: apt-get install postgresql")
    with services.postgres(Path(programs)) as url:
        yield url


@pytest.fixture(scope="package")
def postgres_site(
    engine: RunningSite, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site in a database of its own there."""
    url = prepared.new_database(postgres_url, "alone")
    folder = tmp_path_factory.mktemp("faults-postgres")
    running = site_on(engine, folder, DATABASE_URL=url)
    yield running
    running.close()
