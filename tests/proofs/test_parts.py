"""The parts of `make load` and `make chaos`: the same faults again, honest figures, no remains."""

import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from proofs import load, logs, schedule
from proofs.chatting import Heard, Said, compared
from proofs.hitting import fill
from proofs.ranking import ranked_wrongly
from proofs.servers import redis
from proofs.site import scratch
from scripts.system_packages import find_redis
from tests.faults.crowd import Heard as Ranked
from tests.running_site import ROOT

EVERYTHING = schedule.kinds(servers=True, disk=True)


def test_a_seed_gives_the_same_faults_and_every_kind_before_any_comes_again() -> None:
    once, again = (schedule.schedule(5, 300, EVERYTHING) for _ in range(2))
    assert once == again != schedule.schedule(6, 300, EVERYTHING)
    assert {fault.kind for fault in once[: len(EVERYTHING)]} == set(EVERYTHING)
    assert all(later.at > earlier.at for earlier, later in pairwise(once))
    assert once[-1].at < 300


def test_a_site_without_servers_or_a_small_disk_is_spared_what_it_has_not() -> None:
    left = schedule.kinds(servers=False, disk=False)
    assert set(EVERYTHING) - set(left) == {"full disk", "database restart", "broker restart"}


def turn(text: str, *answers: str) -> dict[str, Any]:
    told = [{"message": n, "text": a, "states": ["done"]} for n, a in enumerate(answers, 1)]
    return {"text": text, "answers": told}


def said(text: str, seen: str, state: str = "done") -> Heard:
    return Heard([Said(text, accepted=True, message=1, seen=seen, state=state)])


def test_what_people_saw_is_held_against_what_is_stored() -> None:
    whole = compared(
        [said("a", "Hello"), said("b", "Hel", "interrupted")],
        [
            turn("a", "Hello"),
            turn("b", "Hello"),
        ],
    )
    assert (whole.messages, whole.lost, whole.twice, whole.different) == (2, [], [], [])
    assert compared([said("a", "Hello")], []).lost
    assert compared([said("a", "Hello")], [turn("a")]).lost
    assert compared([said("a", "Hello")], [turn("a", "Hello"), turn("a", "Hello")]).twice
    assert compared([said("a", "Hello")], [turn("a", "Hello", "Hello")]).twice
    assert compared([said("a", "Hell")], [turn("a", "Hello")]).different
    assert compared([said("a", "Help", "interrupted")], [turn("a", "Hello")]).different


def test_rankings_that_are_missing_changed_or_there_twice_are_told() -> None:
    told = Ranked(chosen={"k": 1}, kept={"k"})
    right = {"key": "k", "shown": [2, 0, 1], "best": 0}
    sound = {"keys": ["k"], "current": [right], "slots": [[1, 0]], "holders": [[1, 5]]}
    assert ranked_wrongly([told], sound) == ([], [])
    assert ranked_wrongly([told], sound | {"keys": []})[0]
    assert ranked_wrongly([told], sound | {"current": [right | {"best": 2}]})[0]
    assert ranked_wrongly([told], sound | {"slots": [[1, 0], [1, 0]]})[1]


LOG = """
Ready. Open http://127.0.0.1:8000 in a browser.
web    | Traceback (most recent call last):
runs   | Task training.tasks.run_training raised
web    |   File "a.py", line 1, in f
web    | psycopg.OperationalError: server closed the connection
web    | The above exception was the direct cause of the following exception:
web    | Traceback (most recent call last):
web    |   File "b.py", line 2, in g
web    | django.db.utils.OperationalError: server closed the connection
runs   | Traceback (most recent call last):
runs   |   File "c.py", line 3, in h
runs   | KeyError: 'step'
runs   | Traceback (most recent call last):
runs   |   File "c.py", line 3, in h
runs   | OSError: [Errno 28] No space left on device
""".strip()


def test_a_traceback_that_a_fault_explains_is_told_from_one_that_none_does() -> None:
    found = logs.tracebacks(LOG)
    closed = "web: django.db.utils.OperationalError: server closed the connection"
    full = "runs: OSError: [Errno 28] No space left on device"
    assert found == [closed, "runs: KeyError: 'step'", full]
    assert logs.unexpected(found) == ["runs: KeyError: 'step'"]
    assert logs.counted([*found, full])[0] == "2 × runs: OSError"


def test_memory_that_grows_all_the_time_is_not_flat() -> None:
    sizes = [(float(n), {"web": 200 * 2**20 + n % 2 * 2**20}) for n in range(20)]
    assert load.flatness("web", sizes).met
    growing = [(at, {"web": each["web"] + int(at) * 2**20}) for at, each in sizes]
    assert not load.flatness("web", growing).met


def test_a_killed_proof_leaves_no_process_behind() -> None:
    code = "from proofs.site import orphan_watch; import sys; w, pipe = orphan_watch(); "
    code += "pipe.write(f'+{sys.argv[1]}\\n'); print('told', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    ) as left:
        proof = subprocess.Popen(
            [sys.executable, "-c", code, str(left.pid)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert proof.stdout and proof.stdout.readline() == b"told\n"
        proof.send_signal(signal.SIGKILL)
        proof.communicate()
        assert left.wait(30) == -signal.SIGTERM


def test_a_small_disk_fills_up_and_goes_with_its_proof() -> None:
    with scratch(4) as (data, logs, mounted):
        if not mounted:
            pytest.skip("a file system may not be mounted here")
        fill(data / "ballast")
        with pytest.raises(OSError, match="No space"):
            (data / "more").write_bytes(b"0" * 2**20)
        (logs / "log").write_text("logs have a disk of their own")
    assert not data.exists()
    assert not any(str(data) in part.mountpoint for part in psutil.disk_partitions(all=True))


def test_a_server_comes_back_at_the_same_address_and_goes_with_its_folder() -> None:
    if find_redis() is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("Redis is not installed: apt-get install redis-server")
    with redis() as server:
        first = server.pid
        server.stop()
        server.start()
        assert server.pid != first
        assert server._answers()
        last = server.pid
    assert not server.folder.exists()
    assert not psutil.pid_exists(last)


@pytest.mark.load
def test_ctrl_c_ends_everything_that_a_proof_started(tmp_path: Path) -> None:
    small = ["--minutes", "5", "--sockets", "2", "--chatting", "1", "--labelers", "1"]
    proof = subprocess.Popen(
        [sys.executable, "-m", "proofs.load", *small],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    assert proof.stdout
    for line in proof.stdout:
        if "http://127.0.0.1" in line:
            break
    started = of_proof(tmp_path)
    assert len(started) > 4
    proof.send_signal(signal.SIGINT)
    proof.communicate(timeout=90)
    assert of_proof(tmp_path) == []
    assert list(tmp_path.glob("llmsite-proof-*")) == []


def of_proof(folder: Path) -> list[int]:
    """Processes whose DATA_DIR lies there."""
    found = psutil.process_iter(["environ"])
    return [p.pid for p in found if str(folder) in (p.info["environ"] or {}).get("DATA_DIR", "")]
