"""The database goes away in the middle of an answer, and comes back: nothing is lost."""

from collections.abc import Callable

import httpx
import psycopg
import pytest

from tests.processes import TALKER, Chatter, Watcher, wait_until_idle
from tests.running_site import RunningSite

pytestmark = pytest.mark.faults

CUTS = 4
TOKENS = 300


def cut_every_connection(url: str) -> None:
    """As an administrator or a restart of the server would."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(url) as connection:
        connection.execute(f"{cut} AND backend_type = 'client backend'")


def undisturbed(engine: RunningSite, text: str) -> str:
    """What the model answers greedily, straight from the engine."""
    asked = [{"role": "user", "content": text}]
    body = {"model": TALKER, "messages": asked, "temperature": 0, "max_tokens": TOKENS}
    address = f"{engine.engine_url}/v1/chat/completions"
    answered = httpx.post(address, json=body, timeout=300).json()
    said: str = answered["choices"][0]["message"]["content"]
    return said


def grown_past(length: int) -> Callable[[Watcher], bool]:
    return lambda watcher: len(watcher.text) > length or watcher.state == "done"


def test_an_answer_survives_cut_database_connections(
    postgres_site: RunningSite, engine: RunningSite
) -> None:
    expected = undisturbed(engine, "Tell me everything.")
    chatter = Chatter(postgres_site, postgres_site.owner())
    answer = chatter.send("Tell me everything.", max_tokens=str(TOKENS))
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        for _ in range(CUTS):
            cut_every_connection(postgres_site.settings["DATABASE_URL"])
            watcher.until("more text", grown_past(len(watcher.text)))
        assert watcher.until_end() == "done"
    assert watcher.text == expected
    assert chatter.text_of(answer) == expected
    wait_until_idle(engine)
