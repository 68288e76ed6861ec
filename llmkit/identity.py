"""Naming a process so that others can tell whether it still lives."""

import os
import socket
from functools import cache

import psutil


@cache
def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()


def identity() -> str:
    """This process, as host, number and start time."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid()):.2f}"


def is_dead(process: str) -> bool:
    """True only where this host can know it: no such process, or another one with its number."""
    host, _, rest = process.partition(":")
    if host != socket.gethostname() or ":" not in rest:
        return False
    pid, started = rest.split(":")[:2]
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True
