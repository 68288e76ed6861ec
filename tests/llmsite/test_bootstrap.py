"""The first command that a newcomer types, before anything is installed."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap
from tests.llmsite.processes import ROOT, running

SOURCE = (ROOT / "scripts" / "bootstrap.py").read_text()


def _stopped(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_an_older_python_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(SystemExit) as stop:
        bootstrap.require_python()
    assert stop.value.code == 1
    assert "sudo apt-get install python3.11 python3.11-venv" in _stopped(capsys)


def test_an_older_python_can_read_the_file() -> None:
    """In a process of its own: Python 3.11 miscounts its depth after Playwright's greenlets."""
    parse = "import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 7))"
    subprocess.run([sys.executable, "-c", parse], input=SOURCE, text=True, check=True)


def test_the_first_command_needs_the_standard_library_only() -> None:
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", SOURCE, re.MULTILINE))
    assert imported - {"llmsite"} <= sys.stdlib_module_names | {"__future__"}


def test_a_missing_venv_module_is_told_with_the_package_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit):
        bootstrap.make_venv()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt-get install python{version}-venv" in _stopped(capsys)


def test_too_little_space_is_told_before_anything_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(bootstrap, "INSTALL_BYTES", 10**18)
    with pytest.raises(SystemExit):
        bootstrap.require_space()
    assert "GB needed" in _stopped(capsys)


def test_requirements_are_installed_again_only_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("one==1")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt")
    before = (
        bootstrap.fingerprint("requirements.txt"),
        bootstrap.fingerprint("requirements-dev.txt"),
    )
    assert bootstrap.fingerprint("requirements.txt") == before[0]
    (tmp_path / "requirements.txt").write_text("one==2")
    after = bootstrap.fingerprint("requirements.txt"), bootstrap.fingerprint("requirements-dev.txt")
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_the_env_file_is_read_without_comments_and_quotes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# PORT=1\nHOST = 0.0.0.0\nDATA_DIR='a b'\n\nnonsense\n")
    assert bootstrap.read_env_file(tmp_path / ".env") == {"HOST": "0.0.0.0", "DATA_DIR": "a b"}  # noqa: S104


@pytest.mark.faults
def test_a_taken_port_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/bootstrap.py", "run"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with running(command, {"PORT": str(port), "DATA_DIR": str(tmp_path)}) as bootstrapping:
            assert bootstrapping.ended() == 1
    assert len(bootstrapping.lines) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in bootstrapping.lines[0]
    assert "PORT=" in bootstrapping.lines[0]
