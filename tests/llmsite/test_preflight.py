"""What stops a start is told in one sentence, before anything long begins."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmsite import preflight
from llmsite.preflight import StartError
from tests.llmsite.processes import manage, running
from tests.running_site import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    free = {name: str(free_port()) for name in ("PORT", "ENGINE_PORT")}
    return {"DATA_DIR": str(folder), "DATABASE_URL": "", "ENGINE_URLS": "", **free, **settings}


def test_a_taken_port_names_the_port_and_the_variable(taken_port: int) -> None:
    with pytest.raises(StartError, match=rf"Port {taken_port} .* PORT={taken_port + 10}"):
        preflight.require_port("127.0.0.1", taken_port, "PORT")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartError, match="not an address of this machine"):
        preflight.require_port("192.0.2.1", 8000, "PORT")


def test_a_folder_that_cannot_be_written_is_told_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="set DATA_DIR to another folder"):
        preflight.require_data_dir(tmp_path / "file" / "data")


def test_a_full_disk_is_told_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "MINIMUM_FREE_BYTES", 10**18)
    with pytest.raises(StartError, match=r"full: \d+ MB free, \d+ MB needed"):
        preflight.require_data_dir(tmp_path)


def test_the_data_folder_is_held_by_one_instance_and_free_afterwards(tmp_path: Path) -> None:
    with (
        preflight.take_lock(tmp_path, "http://127.0.0.1:8000"),
        pytest.raises(StartError, match=r"already runs .* http://127\.0\.0\.1:8000"),
    ):
        preflight.take_lock(tmp_path, "elsewhere")
    preflight.take_lock(tmp_path, "http://127.0.0.1:8000").close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("fe80::1", "http://[fe80::1]:8000"),
    ],
)
def test_the_address_shown_can_be_typed_into_a_browser(host: str, shown: str) -> None:
    assert preflight.browser_address(host, 8000) == shown


@pytest.mark.faults
def test_up_on_a_taken_port_says_so_and_stops(tmp_path: Path, taken_port: int) -> None:
    with running(manage("up"), _environment(tmp_path, PORT=str(taken_port))) as up:
        assert up.ended() == 1
    assert len(up.lines) == 1
    assert f"Port {taken_port}" in up.lines[0]


@pytest.mark.faults
def test_up_beside_another_up_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with (
        preflight.take_lock(tmp_path, "http://127.0.0.1:8000"),
        running(manage("up"), _environment(tmp_path)) as up,
    ):
        assert up.ended() == 1
    assert len(up.lines) == 1
    assert "already runs" in up.lines[0]


@pytest.mark.faults
def test_up_on_an_empty_database_says_what_to_run(tmp_path: Path) -> None:
    with running(manage("up"), _environment(tmp_path)) as up:
        assert up.ended() == 1
    assert up.lines == ["The database is not up to date. Run: python manage.py migrate"]


@pytest.mark.faults
def test_up_with_an_unusable_data_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with running(manage("up"), _environment(tmp_path / "file" / "data")) as up:
        assert up.ended() == 1
    assert len(up.lines) == 1
    assert "DATA_DIR" in up.lines[0]
