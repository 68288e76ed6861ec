"""The disk: nothing unfinished is left on it, and nothing that no row knows of."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from chat.models import Document
from evaluation.models import EvaluationRun
from evaluation.models.evaluation_run import FOLDER as EVALUATIONS
from llmsite.invariants.invariant import Look, invariant
from llmsite.invariants.work import kinds
from training.models import Job, TrainingJob
from training.models.training_job import FOLDER as RUNS
from training.services.dataset_places import OLD_BUILDING
from training.services.places import data_dir

PLACES = ("models", "adapters", "rewards", "datasets", RUNS, EVALUATIONS, "uploads")
UNFINISHED = re.compile(r"\.(adding|run|building)-|\.[\w.-]+\.\d+$")


@invariant("nothing stuck")
def nothing_unfinished_is_left(look: Look) -> Iterator[str]:
    """What was being written when its process died is swept, and not kept for ever."""
    at_work = live_names()
    for place in PLACES:
        for path in hidden(data_dir() / place):
            look.at()
            if not any(name in str(path) for name in at_work) and is_old(path, look):
                yield f"{path.relative_to(data_dir())} was left unfinished"


def hidden(place: Path) -> Iterator[Path]:
    """What has an unfinished thing's name; a folder that is one is not looked into."""
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if UNFINISHED.match(path.name):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from hidden(path)


def live_names() -> set[str]:
    """Ids of all work that has not ended: what carries them is still being written."""
    live = (kind._default_manager.filter(state__in=Job.LIVE) for kind in kinds())
    return {str(pk) for rows in live for pk in rows.values_list("pk", flat=True)}


def is_old(path: Path, look: Look) -> bool:
    """Data that is being frozen has no row yet, and hours to become a version."""
    freezing = path.parent.name == "datasets" and path.name.startswith(".building-")
    before = look.now - timedelta(seconds=OLD_BUILDING) if freezing else look.noticed_before
    try:
        return path.lstat().st_mtime < before.timestamp()
    except OSError:
        return False


@invariant("nothing stuck")
def no_folder_without_its_row(look: Look) -> Iterator[str]:
    """A folder of a run or an evaluation, and an uploaded file, belongs to a row."""
    known: dict[str, Iterable[object]] = {
        RUNS: TrainingJob.objects.known().values_list("pk", flat=True),
        EVALUATIONS: EvaluationRun.objects.values_list("pk", flat=True),
        "uploads": Document.objects.values_list("pk", flat=True),
    }
    for place, keys in known.items():
        folders = [p for p in (data_dir() / place).glob("*") if not p.name.startswith(".")]
        look.at(len(folders))
        names = set(map(str, keys))
        for folder in folders:
            if folder.name not in names and is_old(folder, look):
                yield f"{place}/{folder.name} belongs to nothing"
