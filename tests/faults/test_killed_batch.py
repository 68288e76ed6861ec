"""A batch whose worker and engine are killed in the middle: no answer is lost, none repeated."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.processes import TALKER, eventually, start_worker
from tests.running_site import RunningSite

pytestmark = pytest.mark.faults
PROJECT = "/feedback/killed/"
COLUMN = {
    "column0-model": TALKER,
    "column0-temperature": "1.5",
    "column0-max_tokens": "60",
    "column0-top_k": "0",
    "column0-top_p": "1",
    "column0-repetition_penalty": "1",
}


@pytest.fixture
def batch(site: RunningSite, engine: RunningSite) -> Iterator[str]:
    """The address of a batch that waits for a worker; both processes run again afterwards."""
    owner = site.owner()
    project = {"name": "Killed", "objective": "helpful", "candidates": "2", "overlap": "1"}
    site.post(owner, "/feedback/new/", **project)
    typed = {"typed": "What do foxes eat?\nSing a song.\nCount to ten."}
    draft = site.post(owner, f"{PROJECT}batches/new/", **typed)
    start = re.search(rf'action="({PROJECT}batches/[^"]+/)start"', draft)
    assert start, "no draft was made"
    choices = {"candidates": "2", "seed": "7", **COLUMN}
    site.post(owner, f"{start[1]}start", page=start[1], **choices)
    yield start[1]
    if "worker" in site.processes:
        site.stop("worker")
    if "engine" not in engine.processes:
        engine.start_engine()


def stored(site: RunningSite) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3")) as database:
        query = "SELECT id, prompt_id, number, seed, text FROM feedback_batchanswer ORDER BY id"
        return database.execute(query).fetchall()


def test_killed_processes_cost_no_finished_answer_and_the_batch_says_what_it_does(
    site: RunningSite, engine: RunningSite, batch: str
) -> None:
    start_worker(site)
    eventually("an answer is stored", lambda: bool(stored(site)))
    site.kill("worker")
    kept = stored(site)
    shown = site.owner().get(batch).text
    assert "Waiting for a worker" in shown
    assert "The worker died. The next one goes on" in shown
    engine.kill("engine")
    start_worker(site)
    eventually("the outage is told", lambda: "does not answer" in site.owner().get(batch).text)
    engine.start_engine()
    eventually("it is done", lambda: "3 of 3 prompts ready to rank" in site.owner().get(batch).text)
    answers = stored(site)
    assert answers[: len(kept)] == kept
    assert len({answer[1:3] for answer in answers}) == len(answers) == 6
