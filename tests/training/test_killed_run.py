"""A run whose worker is killed and whose broker loses all of it: it is trained once, to the end.

Five processes start one after another, three of which read torch: a minute, so `pytest -m load`.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import eventually
from tests.running_site import DATABASE, RunningSite
from tests.tiny_model import TINY_MODEL
from tests.training.run.test_sft import SUMS
from training.run.events import read_events
from training.run.folder import RunFolder

pytestmark = pytest.mark.load
CONFIG = {
    "name": "killed",
    "dataset_file": "rows.jsonl",
    "max_steps": 60,
    "batch_size": 2,
    "save_every": 10,
    "evaluate_every": 60,
    "sample_tokens": 0,
}


def start_worker(site: RunningSite) -> None:
    """As `manage.py worker --queues runs`, in a single process, so that killing it kills all of
    it but the process that trains."""
    arguments = ("-m", "celery", "-A", "llmsite", "worker", "--pool", "solo", "--queues", "runs")
    site.start("worker", *arguments, "--without-gossip", "--without-mingle")


def test_a_killed_worker_and_a_lost_broker_cost_a_run_nothing(
    tiny_models_dir: Path, tmp_path: Path
) -> None:
    site = RunningSite(tmp_path / "site", settings={"DEFAULT_MODEL": TINY_MODEL})
    site.data_dir.mkdir()
    site.prepare()
    shutil.copytree(tiny_models_dir / TINY_MODEL, site.data_dir / "models" / TINY_MODEL)
    site.python("-c", OWNER)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS))
    (tmp_path / "run.json").write_text(json.dumps(CONFIG))
    train = ("train", "sft", "--config", str(tmp_path / "run.json"), "--format", "json")
    job = json.loads(site.manage(*train))
    folder = RunFolder(site.data_dir / "runs" / job["id"])
    try:
        start_worker(site)
        eventually(
            "a checkpoint", lambda: any(folder.checkpoints.glob("checkpoint-*/manifest.json"))
        )
        site.kill("worker")
        shutil.rmtree(site.data_dir / "broker")
        start_worker(site)
        eventually("the end", lambda: row(site)[0] not in ("waiting", "running"))
    finally:
        site.close()
    assert row(site) == ("done", 2, CONFIG["max_steps"])
    assert trained_once(folder)


OWNER = """
import django; django.setup()
from accounts import services
services.create_owner(username="owner", password="a long owner phrase")
"""


def row(site: RunningSite) -> tuple[str, int, int]:
    """State, attempt and step, read as cheaply as can be."""
    with closing(sqlite3.connect(site.data_dir / DATABASE)) as database:
        query = "SELECT state, attempt, step FROM training_trainingjob"
        found: tuple[str, int, int] = database.execute(query).fetchone()
    return found


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
