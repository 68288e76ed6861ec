"""The supervisor's promises, with real processes: restarts, clean stops and no orphans."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from llmsite.orphans import follow
from llmsite.supervisor import how_it_ended, pause_before_restart
from tests.llmsite.processes import Running, Watched, running

pytestmark = pytest.mark.faults

SUPERVISE = """
import asyncio, json, sys
from llmsite.supervisor import Child, Supervisor
children = [Child(**child) for child in json.loads(sys.argv[1])]
supervisor = Supervisor(children, ready_text="Ready.", pause=lambda deaths: 0, grace=0.5)
raise SystemExit(asyncio.run(supervisor.run()))
"""
TELLS = "os.write(1, f'{who}pid {os.getpid()}\\n'.encode())\nsignal.pause()"
WAITS = "import os, signal\nwho = ''\n" + TELLS
WAITS_STUBBORNLY = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS
WAITS_WITH_A_CHILD = (
    "import os, signal\n"
    "who = 'own ' if os.fork() else 'child '\n"
    "if who == 'child ': signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + TELLS
)
FORKS = "import os, signal\nwho = 'own ' if os.fork() else 'child '\n" + TELLS
DIES = "raise SystemExit(3)"


@contextmanager
def supervised(**scripts: str) -> Iterator[Running]:
    children = [
        {"name": name, "command": [sys.executable, "-c", script]}
        for name, script in scripts.items()
    ]
    with running([sys.executable, "-c", SUPERVISE, json.dumps(children)]) as supervisor:
        yield supervisor


def _pid(line: str) -> int:
    return int(line.rsplit(" ", 1)[1])


def test_a_killed_child_is_started_again_and_this_is_said() -> None:
    with supervised(web=WAITS) as supervisor:
        first = _pid(supervisor.until("web | pid"))
        os.kill(first, signal.SIGKILL)
        assert supervisor.until("web stopped") == (
            "web stopped (killed by SIGKILL). Starting it again in 0 s."
        )
        assert _pid(supervisor.until("web | pid")) != first


def test_a_killed_child_is_started_again_although_a_child_of_its_own_lives_on() -> None:
    """As Celery's scheduler does when its worker is killed: it goes on, and holds the output."""
    with supervised(worker=FORKS) as supervisor:
        own, child = sorted((supervisor.until("pid") for _ in range(2)), reverse=True)
        left = Watched(_pid(child))
        os.kill(_pid(own), signal.SIGKILL)
        supervisor.until("worker stopped (killed by SIGKILL)")
        assert left.ended()
        supervisor.until("worker | own pid")


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_every_child_and_says_so(asked: signal.Signals) -> None:
    with supervised(web=WAITS, worker=WAITS) as supervisor:
        children = [Watched(_pid(supervisor.until("pid"))) for _ in range(2)]
        supervisor.signal(asked)
        assert supervisor.ended() == 0
        assert "Stopping …" in supervisor.lines
        assert all(child.ended() for child in children)


@pytest.mark.parametrize("script", [WAITS_STUBBORNLY, WAITS_WITH_A_CHILD])
def test_children_that_ignore_the_request_are_killed_with_their_own_children(script: str) -> None:
    with supervised(worker=script) as supervisor:
        count = 2 if script is WAITS_WITH_A_CHILD else 1
        children = [Watched(_pid(supervisor.until("pid"))) for _ in range(count)]
        supervisor.signal(signal.SIGINT)
        assert supervisor.ended() == 0
        assert all(child.ended() for child in children)


def test_no_child_survives_when_the_supervisor_is_killed() -> None:
    with supervised(web=WAITS, worker=WAITS_WITH_A_CHILD) as supervisor:
        children = [Watched(_pid(supervisor.until("pid"))) for _ in range(3)]
        supervisor.signal(signal.SIGKILL)
        assert all(child.ended() for child in children)


def test_a_child_that_keeps_dying_stops_everything_with_a_sentence() -> None:
    with supervised(engine=DIES, web=WAITS) as supervisor:
        web = Watched(_pid(supervisor.until("web    | pid")))
        assert supervisor.ended() == 1
        assert web.ended()
    assert sum("engine stopped (exit code 3)" in line for line in supervisor.lines) <= 4
    assert any(line.startswith("engine stopped 5 times") for line in supervisor.lines)


def test_the_address_is_said_only_once_every_health_page_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    child = {"name": "web", "command": server, "health_url": f"http://127.0.0.1:{port}/"}
    with running([sys.executable, "-c", SUPERVISE, json.dumps([child])]) as supervisor:
        supervisor.until("Ready.")
        assert supervisor.lines[-1] == "Ready."
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_long_and_broken_output_does_not_stop_the_supervisor() -> None:
    shouts = "import sys; sys.stdout.buffer.write(b'x' * 3_000_000 + b'\\n\\xff ok\\n')\n" + WAITS
    with supervised(web=shouts) as supervisor:
        supervisor.until("pid")


def test_the_pause_grows_with_every_quick_death_up_to_half_a_minute() -> None:
    assert [pause_before_restart(deaths) for deaths in (0, 1, 2, 3, 4, 9)] == [1, 1, 2, 4, 8, 30]


def test_an_ending_is_told_by_signal_or_exit_code() -> None:
    assert how_it_ended(-9) == "killed by SIGKILL"
    assert how_it_ended(3) == "exit code 3"


def test_the_orphan_watch_remembers_groups_that_have_not_ended() -> None:
    assert follow(["+10\n", "+11\n", "-10\n", "+12\n"]) == {11, 12}
