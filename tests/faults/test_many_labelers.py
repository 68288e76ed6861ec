"""Fifty people rank at once through two web processes: nothing is claimed twice, or lost."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.crowd import Book, Heard, rank_everything
from tests.running_site import RunningSite, free_port

pytestmark = pytest.mark.faults

PEOPLE, TASKS, OVERLAP = 50, 16, 3
SECOND = "second web"


@contextmanager
def second_web(site: RunningSite) -> Iterator[str]:
    """The address of another web process on the same database."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    site.start(SECOND, "-m", "uvicorn", "llmsite.asgi:application", "--port", str(port))
    try:
        site.wait_for(SECOND, f"{address}/people/login/")
        yield address
    finally:
        site.stop(SECOND)


@pytest.mark.parametrize("database", ["site", "postgres_site"])
def test_fifty_labelers_fill_every_task_exactly(
    database: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    site: RunningSite = request.getfixturevalue(database)
    site.owner()
    with Book(site) as book, second_web(site) as other:
        sessions = book.ask("begin", people=PEOPLE, tasks=TASKS, overlap=OVERLAP)
        began = time.monotonic()
        try:
            told = asyncio.run(rank_everything(sessions, [site.url, other], book, TASKS * OVERLAP))
        finally:
            nothing_failed(site)
        seconds = time.monotonic() - began
        found = book.ask("report")
    everything_is_there_once(found, told)
    with capsys.disabled():
        sys.stdout.write(f"\n{figures(database, found, told, seconds)}\n")


def nothing_failed(site: RunningSite) -> None:
    for name in ("web", SECOND):
        _, failed, told = site.log(name).partition("Traceback")
        assert not failed, told[:8000]


def everything_is_there_once(found: dict[str, Any], told: list[Heard]) -> None:
    assert found["per task"] == [OVERLAP] * TASKS, "every task has exactly its overlap"
    for pairs in (found["slots"], found["holders"]):
        assert len({tuple(pair) for pair in pairs}) == TASKS * OVERLAP, "one person to a slot"
    current = found["current"]
    assert len(current) == TASKS * OVERLAP == len({one["assignment"] for one in current})
    assert all(one["own"] and one["state"] == "submitted" for one in current)
    assert len(found["keys"]) == len(set(found["keys"])), "nothing is stored twice"
    chosen = {key: best for heard in told for key, best in heard.chosen.items()}
    kept = {key for heard in told for key in heard.kept}
    assert kept <= set(found["keys"]), "what was answered with a success is stored"
    assert [one["shown"][chosen[one["key"]]] for one in current] == [one["best"] for one in current]


def figures(database: str, found: dict[str, Any], told: list[Heard], seconds: float) -> str:
    counts: Counter[str] = sum((heard.counts for heard in told), Counter())
    kept = len(found["keys"]) - found["withdrawn"]
    parts = {
        "tasks": TASKS,
        "rankings kept": kept,
        "undone": found["withdrawn"],
        "claims": found["claims"],
        **{name: counts[name] for name in ("requests", "dropped", "ran out", "refused")},
        "walked away": counts["walked away"],
        "requests per second": round(counts["requests"] / seconds, 1),
    }
    words = ", ".join(f"{value} {name}" for name, value in parts.items())
    return f"{PEOPLE} people, {database}: {words}"
