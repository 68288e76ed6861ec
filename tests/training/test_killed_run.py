"""A run whose worker is killed or whose broker loses all of it: it is trained once, to the end.

Up to five processes start one after another, three of which read torch: a minute or two for each
test, so `pytest -m load`.
"""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from proofs import servers
from tests.processes import eventually
from tests.running_site import DATABASE, RunningSite
from tests.tiny_model import TINY_MODEL
from tests.training.run.test_sft import SUMS
from training.run.events import read_events
from training.run.folder import RunFolder

pytestmark = pytest.mark.load
CONFIG = {
    "dataset_file": "rows.jsonl",
    "max_steps": 60,
    "batch_size": 2,
    "save_every": 10,
    "evaluate_every": 60,
    "sample_tokens": 0,
}


@pytest.fixture
def site(tiny_models_dir: Path, tmp_path: Path) -> Iterator[Callable[..., RunningSite]]:
    """`site(CELERY_BROKER_URL=…)`: an install with an owner, the tiny model and rows to learn."""
    made: list[RunningSite] = []

    def make(**settings: str) -> RunningSite:
        running = RunningSite(tmp_path / "site", settings={"DEFAULT_MODEL": TINY_MODEL, **settings})
        made.append(running)
        running.data_dir.mkdir()
        running.prepare()
        shutil.copytree(tiny_models_dir / TINY_MODEL, running.data_dir / "models" / TINY_MODEL)
        running.python("-c", OWNER)
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS))
        return running

    yield make
    for running in made:
        running.close()


def ask_for_run(site: RunningSite, name: str) -> RunFolder:
    config = site.data_dir.parent / f"{name}.json"
    config.write_text(json.dumps({**CONFIG, "name": name}))
    job = json.loads(site.manage("train", "sft", "--config", str(config), "--format", "json"))
    return RunFolder(site.data_dir / "runs" / job["id"])


def start_worker(site: RunningSite) -> None:
    """As `manage.py worker --queues runs`, in a single process, so that killing it kills all of
    it but the process that trains."""
    arguments = ("-m", "celery", "-A", "llmsite", "worker", "--pool", "solo", "--queues", "runs")
    site.start("worker", *arguments, "--without-gossip", "--without-mingle")


def test_a_killed_worker_and_a_lost_broker_cost_a_run_nothing(
    site: Callable[..., RunningSite],
) -> None:
    running = site()
    folder = ask_for_run(running, "killed")
    start_worker(running)
    wait_for_checkpoint(folder)
    running.kill("worker")
    shutil.rmtree(running.data_dir / "broker")
    start_worker(running)
    wait_for_end(running, 1)
    assert rows(running) == {"killed": ("done", 2, CONFIG["max_steps"])}
    assert trained_once(folder)


def test_a_killed_redis_costs_neither_a_run_that_trains_nor_one_that_is_asked_for_meanwhile(
    site: Callable[..., RunningSite],
) -> None:
    with servers.redis() as redis:
        running = site(CELERY_BROKER_URL=redis.url)
        first = ask_for_run(running, "first")
        running.start("worker", "manage.py", "worker")
        wait_for_checkpoint(first)
        redis.stop(signal.SIGKILL)
        second = ask_for_run(running, "second")
        redis.start()
        wait_for_end(running, 2)
        running.stop("worker")
    assert rows(running) == dict.fromkeys(("first", "second"), ("done", 1, CONFIG["max_steps"]))
    assert trained_once(first)
    assert trained_once(second)


def wait_for_checkpoint(folder: RunFolder) -> None:
    made = folder.checkpoints.glob
    eventually("a checkpoint", lambda: any(made("checkpoint-*/manifest.json")))


def wait_for_end(site: RunningSite, runs: int) -> None:
    ended = ("done", "failed", "cancelled")
    eventually("the end", lambda: sum(row[0] in ended for row in rows(site).values()) == runs)


OWNER = """
import django; django.setup()
from accounts import services
services.create_owner(username="owner", password="a long owner phrase")
"""


def rows(site: RunningSite) -> dict[str, tuple[str, int, int]]:
    """State, attempt and step of every run, read as cheaply as can be."""
    with closing(sqlite3.connect(site.data_dir / DATABASE)) as database:
        query = "SELECT name, state, attempt, step FROM training_trainingjob"
        return {
            name: (state, attempt, step) for name, state, attempt, step in database.execute(query)
        }


def trained_once(folder: RunFolder) -> bool:
    """Step after step, going back only where an attempt says that it goes on from there."""
    at = 0
    for _, event in read_events(folder.events_file):
        if event["kind"] == "resumed":
            at = event["step"]
        elif event["kind"] == "progress":
            at += 1
            if event["done"] != at:
                return False
    return at == CONFIG["max_steps"]
