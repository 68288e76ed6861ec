"""What must hold before anything long begins. Standard library only: bootstrap uses it too."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from typing import IO

LOCK_NAME = "up.lock"
MINIMUM_FREE_BYTES = 100 * 1000 * 1000


class StartError(Exception):
    """The app cannot start; the text is one sentence that says what to do."""


def require_port(host: str, port: int, variable: str) -> None:
    """Refuse a port that another program listens on, naming the variable that moves ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartError(_port_sentence(error, host, port, variable)) from error


def _port_sentence(error: OSError, host: str, port: int, variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. "
            f"Stop that program, or choose another port: {variable}={port + 10} make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may only be opened by root. Set {variable} to a number above 1023."
    return f"{host} is not an address of this machine ({error.strerror or error}). Set HOST anew."


def require_data_dir(folder: Path) -> None:
    """Refuse a DATA_DIR that cannot be written or whose disk is full."""
    probe = folder / f".write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise StartError(_folder_sentence(error, folder)) from error
    free = shutil.disk_usage(folder).free
    if free < MINIMUM_FREE_BYTES:
        raise StartError(
            f"The disk of {folder} is full: {free // 10**6} MB free, "
            f"{MINIMUM_FREE_BYTES // 10**6} MB needed. Free some space or set DATA_DIR elsewhere."
        )


def _folder_sentence(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {folder} is full. Free some space or set DATA_DIR elsewhere."
    reason = error.strerror or error
    return (
        f"Cannot write to {folder} ({reason}). Make it writable or set DATA_DIR to another folder."
    )


def take_lock(folder: Path, address: str) -> IO[str]:
    """Hold DATA_DIR for this process; released by the system however the process ends.

    Keep the returned file open. Raises StartError if another instance holds it.
    """
    lock = (folder / LOCK_NAME).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StartError(
            f"The app already runs on {folder} ({holder}). "
            "Stop it with Ctrl-C where it runs, or set DATA_DIR to another folder."
        ) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {address}")
    lock.flush()
    return lock


def browser_address(host: str, port: int) -> str:
    """The address a person on this machine types, also when all interfaces are listened on."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
