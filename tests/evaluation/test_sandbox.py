"""Programs run in the sandbox or not at all; where it is off, these are skipped and say why."""

from pathlib import Path

import pytest

from evaluation import sandbox
from evaluation.sandbox import probe

pytestmark = pytest.mark.skipif(not probe.state().works, reason=probe.state().reason or "works")

REFUSED = {
    "wrong": ("def f(x): return x", "assert f(1) == 2"),
    "leaves before the tests": ("import os; os._exit(0)", "1 / 0"),
    "raises an exit": ("raise SystemExit(0)", "1 / 0"),
    "is no Python": ("def f(", ""),
    "takes all memory": ("x = [0] * 10**9", ""),
    "starts a process": ("import os; os.fork()", ""),
    "starts a thread": ("import threading; threading.Thread(target=print).start()", ""),
    "writes to the system": ("open('/usr/x', 'w')", ""),
    "fills the disk": ("open('/tmp/x', 'wb').write(b'x' * 10**7)", ""),
    "imports this site": ("import django", ""),
}


def test_a_right_program_passes_and_what_it_prints_does_not_matter() -> None:
    assert sandbox.passes(
        "def f(x):\n    print('x' * 10**6)\n    return x + 1", "assert f(1) == 2"
    ).passed


@pytest.mark.parametrize("name", REFUSED)
def test_a_program_does_not_pass_that(name: str) -> None:
    found = sandbox.passes(*REFUSED[name])
    assert not found.passed and found.why


def test_a_program_sees_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for models")
    program = (
        "import os, socket\n"
        "assert 'SECRET_KEY' not in os.environ\n"
        "assert [p for p in os.listdir('/proc') if p.isdigit()] in (['1', '2'], ['1'], ['2'])\n"
        f"assert not os.path.exists({str(Path.cwd())!r})\n"
        "try:\n    socket.create_connection(('127.0.0.1', 80), 1)\n"
        "except OSError:\n    pass\nelse:\n    raise AssertionError('network')\n"
    )
    found = sandbox.passes(program, "")
    assert found.passed, found.why


def test_an_endless_program_is_ended() -> None:
    assert sandbox.passes("while True: pass", "", seconds=1).why == "took too long"


def test_without_bubblewrap_it_is_off_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.shutil, "which", lambda name: None)
    found = probe.state.__wrapped__()
    assert not found.works and "Install bubblewrap" in found.reason
