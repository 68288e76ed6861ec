"""Progress by looking: how many bytes have come to lie in a folder."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmkit.adding.request import Progress, Report

EVERY_SECONDS = 0.5


def bytes_in(folder: Path) -> int:
    """Of all files, at any depth; those that vanish while looking count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


@contextmanager
def growth_of(folder: Path, phase: str, total: int, report: Report) -> Iterator[None]:
    """Report the folder's size while the block runs."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY_SECONDS):
            report(Progress(phase, min(bytes_in(folder), total), total))

    report(Progress(phase, 0, total))
    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
