"""Several processes for one run: they are started by `accelerate launch`, stopped by a file.

A signal would reach some processes a step earlier than others, and those would wait for ever; a
file is looked at after each step, and where one has seen it all stop.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from llmkit.identity import identity
from training.run.events import read_events
from training.run.folder import RunFolder
from training.run.stopping import LAUNCHER

STATES = {"succeeded": 0, "failed": 1, "cancelled": 3}
BROKE_OFF = 70


def stop_file(folder: RunFolder) -> Path:
    return folder.path / ".stop"


def command(folder: RunFolder, processes: int) -> list[str]:
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
    how = ["--num_processes", str(processes), "--num_machines", "1", "--main_process_port", "0"]
    plain = ["--mixed_precision", "no", "--dynamo_backend", "no"]
    return [*launch, *how, *plain, "-m", "training.run", str(folder.path)]


def launched(folder: RunFolder, processes: int) -> int:
    """The exit code as that of a single process: by the last word in this attempt's events."""
    stop_file(folder).unlink(missing_ok=True)
    before = folder.events_file.stat().st_size if folder.events_file.exists() else 0
    environment = {**os.environ, LAUNCHER: identity()}
    process = subprocess.Popen(command(folder, processes), env=environment)

    def heard(number: int, frame: FrameType | None) -> None:
        stop_file(folder).touch()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    code = process.wait()
    stop_file(folder).unlink(missing_ok=True)
    return outcome(folder, before, code)


def outcome(folder: RunFolder, before: int, code: int) -> int:
    ended: dict[str, Any] = {}
    for _, event in read_events(folder.events_file, before):
        ended = event if event["kind"] == "ended" else ended
    return STATES.get(ended.get("state", ""), code or BROKE_OFF)
