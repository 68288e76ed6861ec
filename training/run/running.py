"""One attempt at a run, from its folder to how it ended."""

import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from llmkit.configs import ConfigError, read
from llmkit.registry import RegistryError
from training import methods
from training.run import checkpoints
from training.run.errors import RunError, Stopped, sentence_for
from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.run.pace import LOADING
from training.run.stopping import Stop
from training.run.work import work_of

SUCCEEDED, FAILED, CANCELLED, HELD = 0, 1, 3, 4
STATES = {SUCCEEDED: "succeeded", FAILED: "failed", CANCELLED: "cancelled"}


def run(folder: RunFolder, stop: Stop) -> int:
    """Train, or go on training, and say how it ended; the exit code says the same."""
    try:
        with folder.held():
            return attempt(folder, stop)
    except RunError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return HELD


def attempt(folder: RunFolder, stop: Stop) -> int:
    events = Events(folder.events_file)
    code = FAILED
    ended: dict[str, Any] = {}
    try:
        report = Report(events)
        found = trained(folder, report, stop)
        ended = {"measures": {**found, **report.finals}}
        code = SUCCEEDED
    except Stopped:
        code = CANCELLED
    except BaseException as error:
        traceback.print_exc()
        ended = {"error": sentence_for(error, checkpoint=last_checkpoint(folder))}
    events.add("ended", state=STATES[code], **ended)
    events.close()
    return code


def trained(folder: RunFolder, report: Report, stop: Stop) -> Mapping[str, float]:
    config = folder.read_config()
    try:
        method = methods.get(config["method"])
        wanted = read(method.config, config.get("config", {}))
    except (ConfigError, RegistryError) as error:
        raise RunError(str(error)) from error
    except KeyError as error:
        raise RunError("The run's config.json names no method.") from error
    work = work_of(folder, report, stop, config)
    report.phase(LOADING)
    settle_threads(work.threads)
    return method.run(wanted, work)


def settle_threads(threads: int) -> None:
    """A fair share of the processor: two busy pools slow each other a hundredfold."""
    import torch

    torch.set_num_threads(threads or max(1, (os.cpu_count() or 2) // 2))


def last_checkpoint(folder: RunFolder) -> str:
    found = checkpoints.all_of(folder.checkpoints)
    return f"step {checkpoints.step_of(found[0])}" if found else "the beginning"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Usage: python -m training.run RUN_DIR", file=sys.stderr)  # noqa: T201
        return 2
    stop = Stop()
    stop.listen()
    environment: dict[str, Any] = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    os.environ.update(environment)
    return run(RunFolder(arguments[0]), stop)
