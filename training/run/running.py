"""One attempt at a run, from its folder to how it ended."""

import os
import sys
import traceback
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from llmkit.configs import ConfigError, read
from llmkit.registry import RegistryError
from training import methods
from training.methods import Method
from training.run import checkpoints, several
from training.run.errors import RunError, Stopped, is_disk_full, sentence_for
from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.run.launching import launched, stop_file
from training.run.lowering import what_to_lower
from training.run.pace import LOADING
from training.run.stopping import Stop, end_with_parents
from training.run.work import work_of

Told = dict[str, Any]
SUCCEEDED, FAILED, CANCELLED, HELD, FULL = 0, 1, 3, 4, 5
STATES = {SUCCEEDED: "succeeded", FAILED: "failed", CANCELLED: "cancelled"}


def run(folder: RunFolder, stop: Stop) -> int:
    """Train, or go on training, and say how it ended; the exit code says the same."""
    try:
        with folder.held() if several.is_main() else nullcontext():
            return attempt(folder, stop)
    except RunError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return HELD


def attempt(folder: RunFolder, stop: Stop) -> int:
    code: int = FAILED
    ended: Told = {}
    try:
        report = Report(Events(events_file(folder)))
        several.meet()
        found = trained(folder, report, stop)
        code, ended = SUCCEEDED, {"measures": {**found, **report.finals}}
    except Stopped:
        code = CANCELLED
    except BaseException as error:
        ended = {"error": failed(folder, error)}
    return told(folder, code, ended)


def failed(folder: RunFolder, error: BaseException) -> str:
    """Make room where something was being written, and find the sentence for the fault."""
    if several.is_main():
        checkpoints.remove_unfinished(folder.checkpoints)
    with suppress(OSError):
        traceback.print_exception(error)
    lower = what_to_lower(config_of(folder))
    return sentence_for(error, checkpoint=last_checkpoint(folder), lower=lower)


def told(folder: RunFolder, code: int, ended: Told) -> int:
    """The last event. Where even that finds no room, the exit code says so."""
    try:
        events = Events(events_file(folder))
        events.add("ended", state=STATES[code], **ended)
        events.close()
    except OSError as error:
        return FULL if is_disk_full(error) else FAILED
    return code


def events_file(folder: RunFolder) -> Path:
    """Of several processes one tells."""
    return folder.events_file if several.is_main() else Path(os.devnull)


def config_of(folder: RunFolder) -> dict[str, Any]:
    try:
        return folder.read_config()
    except RunError:
        return {}


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
    if work.way not in method.ways:
        known = ", ".join(method.ways)
        raise RunError(f"{method.label} can't be done with {work.way}. It takes: {known}.")
    require_several(method, wanted)
    report.phase(LOADING)
    settle_threads(work.threads)
    return method.run(wanted, work)


def require_several(method: Method, config: Any) -> None:
    if problem := several.why_not(method, config.batch_size, several.world()):
        raise RunError(problem)


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
    environment: dict[str, Any] = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    os.environ.update(environment)
    folder = RunFolder(arguments[0])
    processes = int(config_of(folder).get("processes", 1))
    if several.world() == 1 and processes > 1:
        return launched(folder, processes)
    stop = Stop(stop_file(folder))
    if several.world() > 1:
        end_with_parents()
    else:
        stop.listen()
    return run(folder, stop)
