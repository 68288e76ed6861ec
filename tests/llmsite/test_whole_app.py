"""`manage.py up` for real: engine, web and worker start, answer, come back, and leave nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.llmsite.processes import PATIENCE_SECONDS, ROOT, Running, Watched, manage, running
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_models_dir: Path) -> Iterator[RunningSite]:
    """A prepared folder with the tiny model; its processes are started by `up` below."""
    folder = tmp_path_factory.mktemp("whole-app")
    shutil.copytree(tiny_models_dir, folder / "models")
    site = RunningSite(folder, settings={"DEFAULT_MODEL": TINY_MODEL, "DATABASE_URL": ""})
    site.prepare()
    yield site
    site.close()


@pytest.fixture(scope="module")
def up(site: RunningSite) -> Iterator[Running]:
    environment = {**site.environment(), "PORT": str(site.port), "ENGINE_URLS": ""}
    with running(manage("up"), environment) as started:
        started.until("Ready.")
        yield started


def _children(process: int) -> list[int]:
    return [
        int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def _command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def test_the_address_said_is_the_one_that_answers(site: RunningSite, up: Running) -> None:
    assert up.lines[-1] == f"Ready. Open {site.url} in a browser. Ctrl-C stops everything."
    assert httpx.get(f"{site.url}/health").json() == {"status": "ok"}
    assert TINY_MODEL in httpx.get(f"{site.engine_url}/health").json()["models"]


def test_a_killed_web_is_started_again_and_answers(site: RunningSite, up: Running) -> None:
    web = next(pid for pid in _children(up.process.pid) if "llmsite.asgi" in _command(pid))
    os.kill(web, signal.SIGKILL)
    up.until("web stopped (killed by SIGKILL)")
    site.processes["web"] = up.process  # type: ignore[assignment]
    site.wait_for("web", f"{site.url}/health")
    del site.processes["web"]


SEND = "from llmsite.celery import sweep_processed; sweep_processed.delay()"


def test_the_worker_takes_a_task_from_the_embedded_broker(site: RunningSite, up: Running) -> None:
    old = site.data_dir / "broker" / "processed" / "old"
    old.write_text("{}")
    os.utime(old, (0, 0))
    subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=site.environment(), check=True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while old.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not old.exists()


def test_a_second_up_on_the_same_data_is_refused(site: RunningSite, up: Running) -> None:
    with running(manage("up"), {**site.environment(), "PORT": str(site.port)}) as second:
        assert second.ended() == 1
    assert len(second.lines) == 1
    assert "already runs" in second.lines[0]


def test_ctrl_c_leaves_no_process(up: Running) -> None:
    direct = _children(up.process.pid)
    pool = [child for process in direct for child in _children(process)]
    assert any("manage.py engine" in _command(process) for process in direct)
    watched = [Watched(process) for process in (*direct, *pool)]
    up.signal(signal.SIGINT)
    assert up.ended() == 0
    assert all(process.ended() for process in watched)
