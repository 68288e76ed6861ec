"""Production as `deploy/` has it: nginx, two web processes, two workers, PostgreSQL and Redis.

The commands are read from the unit files and nginx.conf, with free ports in place of theirs. The
engine is elsewhere: the one that other tests use, too.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml

from scripts.system_packages import find_nginx, find_redis
from tests import prepared, services
from tests.deployed import DEPLOY, command_of, moved, proxy, settings_of_file
from tests.processes import ENGINE_SETTINGS, Chatter, eventually, wait_until_idle
from tests.running_site import RunningSite, free_port
from tests.tiny_model import build_tiny_model

pytestmark = pytest.mark.faults
WEB, WORKER, RUNS = "llmsite-web@.service", "llmsite-worker.service", "llmsite-runs.service"
HEALTH = {WORKER: "8021", RUNS: "8022"}


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis of its own. Skips where it or nginx is not installed, but fails under CI."""
    program = find_redis()
    if program is None or find_nginx() is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("Redis or nginx is missing: apt-get install redis-server nginx-light")
    with services.redis(str(program)) as url:
        yield url


@pytest.fixture(scope="module")
def sites(
    engine: RunningSite,
    postgres_url: str,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningSite, RunningSite]]:
    """Two web processes of one site, started by its unit, and both workers."""
    settings = {
        **ENGINE_SETTINGS,
        "DATABASE_URL": prepared.new_database(postgres_url, "production"),
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url.replace("/0", "/1"),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENGINE_URLS": engine.engine_url,
        "METRICS_TOKEN": "a-long-token",
        "LOG_FORMAT": "json",
    }
    folder = tmp_path_factory.mktemp("production")
    first, second = (RunningSite(folder, settings=settings) for _ in range(2))
    first.prepare()
    for site in (first, second):
        start_web(site)
    yield first, second
    second.close()
    first.close()


def start_web(site: RunningSite) -> None:
    site.start("web", *command_of(WEB, str(site.port)))
    site.wait_for("web", f"{site.url}/health")


@pytest.fixture(scope="module")
def proxied(
    sites: tuple[RunningSite, RunningSite], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    webs = {"8000": sites[0].port, "8010": sites[1].port}
    with proxy(tmp_path_factory.mktemp("nginx"), sites[0], webs) as seen:
        yield seen


@pytest.fixture
def here_and_there(
    sites: tuple[RunningSite, RunningSite],
) -> Iterator[tuple[Chatter, Chatter]]:
    """One person, signed in once, with a tab on each process."""
    first, second = sites
    signed_in = first.owner()
    with second.client() as elsewhere:
        elsewhere.cookies.update(signed_in.cookies)
        yield Chatter(first, signed_in), Chatter(second, elsewhere)


@pytest.fixture
def through_nginx(
    here_and_there: tuple[Chatter, Chatter], proxied: RunningSite
) -> Iterator[Chatter]:
    with closing(proxied.client()) as client:
        client.cookies.update(here_and_there[0].client.cookies)
        yield Chatter(proxied, client)


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


def test_behind_nginx_a_killed_process_is_not_missed(
    engine: RunningSite,
    sites: tuple[RunningSite, RunningSite],
    here_and_there: tuple[Chatter, Chatter],
    through_nginx: Chatter,
) -> None:
    """The one that is left ends what the killed one was writing, and answers everything new."""
    here, there = here_and_there
    answer = here.send("Tell me everything.")
    there.conversation = through_nginx.conversation = here.conversation
    with here.watch(answer) as near, there.watch(answer) as far:
        near.until_writing()
        sites[0].kill("web")
        near.until_closed()
        assert far.until_end() == "interrupted"
    assert far.text.startswith(near.text)
    wait_until_idle(engine)
    pages = [through_nginx.client.get(f"{here.path}/") for _ in range(6)]
    assert [page.status_code for page in pages] == [200] * 6
    again = through_nginx.regenerate(answer)
    with through_nginx.watch(again) as socket:
        socket.until_writing()
        through_nginx.stop(again)
        assert socket.until_end() == "stopped"
    assert through_nginx.client.get("/metrics", headers=TOKEN).status_code == 404
    assert httpx.get(f"{sites[1].url}/metrics", headers=TOKEN).is_success
    start_web(sites[0])
    wait_until_idle(engine)


TOKEN = {"Authorization": "Bearer a-long-token"}


def test_the_workers_do_what_a_page_asks_for(
    sites: tuple[RunningSite, RunningSite], proxied: RunningSite, tmp_path: Path
) -> None:
    """A model is added by the worker of short jobs; each worker tells its health."""
    ports = {number: free_port() for number in HEALTH.values()}
    for unit in (WORKER, RUNS):
        sites[0].start(unit, *moved(command_of(unit), ports))
    folder = build_tiny_model(tmp_path / "fox")
    sites[0].post(sites[0].owner(), "/models/add/folder", page="/models/add/", origin=str(folder))
    added = sites[0].data_dir / "models" / "fox" / "model.safetensors"
    eventually("the model is added", added.exists)
    for number in ports.values():
        eventually("the worker is up", lambda number=number: is_healthy(number))  # type: ignore[misc]
    taken = httpx.get(f"http://127.0.0.1:{ports['8021']}/metrics").text
    assert 'llmsite_tasks_taken_total{task="training.tasks' in taken
    for unit in (WORKER, RUNS):
        sites[0].stop(unit)


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.TransportError:
        return False


def test_django_finds_nothing_to_warn_of(
    sites: tuple[RunningSite, RunningSite],
) -> None:
    """With the settings that deploy/llmsite.env names, and HTTPS."""
    assert settings_of_file() <= {*sites[0].settings, "DATA_DIR", "HTTPS", *HOSTS}
    settings = {**sites[0].settings, **HOSTS, "HTTPS": "true"}
    checked = RunningSite(sites[0].data_dir, settings=settings)
    checked.manage("check", "--deploy", "--fail-level", "WARNING")


HOSTS = {"ALLOWED_HOSTS": "chat.example.org", "CSRF_TRUSTED_ORIGINS": "https://chat.example.org"}


def test_the_containers_run_what_the_units_run() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    of_unit = {"worker": WORKER, "runs": RUNS, "prepare": "llmsite-prepare.service"}
    for name, unit in of_unit.items():
        assert services[name]["command"].split()[1:] == command_of(unit)
    web = services["web-1"]["command"].split()[1:]
    host = web.index("--host") + 1
    assert [*web[:host], "127.0.0.1", *web[host + 1 :]] == command_of(WEB, "8000")
    assert services["engine"]["command"].split()[-1] == command_of("llmsite-engine.service")[-1]
