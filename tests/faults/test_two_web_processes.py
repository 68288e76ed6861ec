"""Two web processes on PostgreSQL and Redis: any tab may be served by any of them."""

import os
import secrets
from collections.abc import Iterator

import pytest

from scripts.system_packages import find_redis
from tests import services
from tests.processes import Chatter, site_on, wait_until_idle
from tests.running_site import RunningSite

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis of its own. Skips where it is not installed, but fails under CI."""
    program = find_redis()
    if program is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("Redis is not installed: apt-get install redis-server")
    with services.redis(program) as url:
        yield url


@pytest.fixture(scope="module")
def sites(
    engine: RunningSite,
    postgres_url: str,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningSite, RunningSite]]:
    """Two processes of one site: the same database, channel layer and secret key."""
    shared = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(40),
    }
    first, second = (site_on(engine, tmp_path_factory.mktemp("web"), **shared) for _ in range(2))
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def here_and_there(sites: tuple[RunningSite, RunningSite]) -> Iterator[tuple[Chatter, Chatter]]:
    """One person, signed in once, with a tab on each process."""
    first, second = sites
    signed_in = first.owner()
    with second.client() as elsewhere:
        elsewhere.cookies.update(signed_in.cookies)
        yield Chatter(first, signed_in), Chatter(second, elsewhere)


def test_a_tab_on_another_process_follows_and_stops_the_answer(
    engine: RunningSite, here_and_there: tuple[Chatter, Chatter]
) -> None:
    here, there = here_and_there
    answer = here.send("Tell me everything.")
    there.conversation = here.conversation
    with here.watch(answer) as near, there.watch(answer) as far:
        far.until_writing(200)
        there.stop(answer)
        assert near.until_end() == far.until_end() == "stopped"
    assert near.text == far.text
    wait_until_idle(engine)


def test_the_process_that_is_left_ends_what_a_killed_one_was_writing(
    engine: RunningSite,
    sites: tuple[RunningSite, RunningSite],
    here_and_there: tuple[Chatter, Chatter],
) -> None:
    here, there = here_and_there
    answer = here.send("Tell me everything.")
    there.conversation = here.conversation
    with here.watch(answer) as near, there.watch(answer) as far:
        near.until_writing()
        sites[0].kill("web")
        near.until_closed()
        assert far.until_end() == "interrupted"
    assert far.text.startswith(near.text)
    wait_until_idle(engine)
    sites[0].start_web()
