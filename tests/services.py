"""PostgreSQL and Redis for one test run: in a temporary folder, stopped by process id."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

READY = "ready to accept connections"
STOP_SECONDS = 20


class ServiceError(Exception):
    """A server did not start; the text holds what it logged."""


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """A DATABASE_URL on a socket of its own, so that no port can be taken."""
    with _folder() as folder:
        as_owner = _drop_root(folder)
        data = str(folder / "data")
        create = [str(programs / "initdb"), "-D", data, "-U", "llmsite", "-A", "trust"]
        subprocess.run(
            [*as_owner, *create, "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        server = [*as_owner, str(programs / "postgres"), "-D", data, *options]
        with _server(server, folder, signal.SIGINT):
            yield f"postgres://llmsite@{quote(str(folder), safe='')}:5432/postgres"


@contextmanager
def redis(program: str) -> Iterator[str]:
    """A REDIS_URL on a free port of the loopback interface, keeping nothing."""
    with _folder() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        address = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        with _server([program, *address, "--save", ""], folder, signal.SIGTERM):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="llmsite-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _drop_root(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand the folder to its own user and run as that one."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


@contextmanager
def _server(command: Sequence[str], folder: Path, stop: signal.Signals) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_until_ready(process)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    """Read the log up to the line that says so, then keep draining it in the background."""
    assert process.stdout is not None
    log: list[str] = []
    for line in process.stdout:
        log.append(line)
        if READY in line.lower():
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    raise ServiceError(f"{process.args!r} did not start:\n{''.join(log)}")
