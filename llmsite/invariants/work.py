"""Long work of every kind, by its rows and by the processes of this machine."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from django.apps import apps
from django.conf import settings

from llmkit.identity import is_dead
from llmsite.invariants.invariant import Look, invariant
from training.models import Job
from training.services.held import WAITING_PATIENCE

State = Job.State
PROGRAMS = ("training.run", "evaluation.run")


def kinds() -> list[Any]:
    """Every kind of long work, whichever room it is of."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def named(row: Any) -> str:
    return f"{row._meta.verbose_name} {row.pk}"


@invariant("nothing stuck")
def no_work_is_held_by_the_dead(look: Look) -> Iterator[str]:
    """Work that is said to run is held by a worker that lives and says so."""
    for kind in kinds():
        for row in kind._default_manager.filter(state=State.RUNNING):
            look.at()
            if look.at_rest or row.heartbeat_at < look.noticed_before:
                how = "has died" if is_dead(row.worker) else "is silent"
                yield f"{named(row)}: it runs, but its worker {how}"


@invariant("nothing stuck")
def no_work_waits_unheard(look: Look) -> Iterator[str]:
    """Work that waits is told of again and again, unless others of its kind are being done."""
    for kind in kinds():
        rows = kind._default_manager
        waiting = rows.filter(state=State.WAITING)
        look.at(waiting.count())
        if not look.at_rest and rows.filter(state=State.RUNNING).exists():
            continue
        unheard = look.now if look.at_rest else look.noticed_before - WAITING_PATIENCE
        for row in waiting.filter(heartbeat_at__lt=unheard):
            yield f"{named(row)}: it waits, and no worker takes it"


@invariant("nothing stuck")
def ended_work_says_when_and_why(look: Look) -> Iterator[str]:
    """Work that has ended says when, and where it failed, why."""
    for kind in kinds():
        ended = kind._default_manager.exclude(state__in=Job.LIVE)
        look.at(ended.count())
        for row in ended.filter(ended_at=None):
            yield f"{named(row)}: {row.state}, and nobody knows since when"
        for row in ended.filter(state=State.FAILED, error=""):
            yield f"{named(row)}: it failed without a word"


def processes() -> Counter[Path]:
    """How many processes of this machine work in each folder of long work below DATA_DIR.

    Those that one of them started for itself (`accelerate launch`) count with it.
    """
    found: dict[int, tuple[int, Path]] = {}
    for process in psutil.process_iter(["pid", "ppid", "cmdline", "status"]):
        folder = folder_of(process.info["cmdline"] or [])
        if folder and process.info["status"] != psutil.STATUS_ZOMBIE:
            found[process.info["pid"]] = (process.info["ppid"], folder)
    return Counter(
        folder for parent, folder in found.values() if found.get(parent, (0, None))[1] != folder
    )


def folder_of(command: list[str]) -> Path | None:
    """The folder that `python -m training.run FOLDER` works in, where it is one of ours."""
    if not any(program in command for program in PROGRAMS):
        return None
    folder = Path(command[-1])
    return folder if Path(settings.DATA_DIR) in folder.parents else None


@invariant("nothing twice")
def one_process_works_in_a_folder(look: Look) -> Iterator[str]:
    """A run or an evaluation has at most one process at a time."""
    for folder, count in processes().items():
        look.at()
        if count > 1:
            yield f"{folder.parent.name}/{folder.name}: {count} processes work in it"


@invariant("nothing stuck")
def no_process_works_for_nobody(look: Look) -> Iterator[str]:
    """A process that trains or evaluates belongs to work that is said to run."""
    wanted = {
        row.folder
        for kind in kinds()
        if hasattr(kind, "folder")
        for row in kind._default_manager.filter(state__in=Job.LIVE)
    }
    for folder in processes():
        look.at()
        if folder not in wanted:
            yield f"{folder.parent.name}/{folder.name}: a process works in it, but its row ended"
