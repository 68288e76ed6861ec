"""PostgreSQL and Redis of the system's packages that can be ended and started again."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

from scripts import system_packages
from tests import services
from tests.running_site import free_port

START_SECONDS = 30


class Server:
    """`with server:` it runs. `restart` ends it as a crash would and starts it on the same data."""

    def __init__(
        self, url: str, folder: Path, command: Sequence[str], answers: Callable[[], bool]
    ) -> None:
        self.url, self.folder = url, folder
        self._command, self._answers = command, answers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None  # noqa: S101
        return self._process.pid

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise services.ServiceError((self.folder / "log").read_text())
            time.sleep(0.1)

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT: PostgreSQL ends at once and recovers at its next start; Redis saves nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(services.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def postgres() -> Server:
    import psycopg

    programs = system_packages.find_postgres()
    if programs is None:
        raise services.ServiceError("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="llmsite-"))
    as_owner = services._drop_root(folder)
    create = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "llmsite", "-A", "trust"]
    subprocess.run(
        [*as_owner, *create, "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=200"]
    command = [*as_owner, str(programs / "postgres"), "-D", str(folder / "data"), *options]
    url = f"postgres://llmsite@{quote(str(folder), safe='')}:5432/postgres"

    def answers() -> bool:
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(url, connect_timeout=5).close()
            return True
        return False

    return Server(url, folder, command, answers)


def redis() -> Server:
    import redis as client

    program = system_packages.find_redis()
    if program is None:
        raise services.ServiceError("Redis is not installed: apt-get install redis-server")
    folder, port = Path(tempfile.mkdtemp(prefix="llmsite-")), free_port()
    address = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    url = f"redis://127.0.0.1:{port}/0"

    def answers() -> bool:
        with contextlib.suppress(client.exceptions.ConnectionError):
            return bool(client.Redis.from_url(url).ping())
        return False

    return Server(url, folder, [program, *address, "--save", ""], answers)
