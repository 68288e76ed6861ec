"""Naming a process so that others can tell whether it still lives."""

import os
import socket
from functools import cache

import psutil


@cache
def _own_start(pid: int) -> float:
    return psutil.Process(pid).create_time()


def _started(pid: int) -> float:
    """Asked once for this process, whose name is told again and again."""
    return _own_start(pid) if pid == os.getpid() else psutil.Process(pid).create_time()


def identity() -> str:
    """This process, as host, number and start time."""
    return identity_of(os.getpid())


def identity_of(pid: int) -> str:
    """A process of this host; a dead one is named so that it counts as dead."""
    try:
        return f"{socket.gethostname()}:{pid}:{_started(pid):.2f}"
    except psutil.NoSuchProcess:
        return f"{socket.gethostname()}:{pid}:0"


def process_of(name: str) -> psutil.Process | None:
    """The process of that name while it lives on this host."""
    host, _, rest = name.partition(":")
    if host != socket.gethostname() or is_dead(name):
        return None
    try:
        return psutil.Process(int(rest.split(":")[0]))
    except (psutil.NoSuchProcess, ValueError):
        return None


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
