"""Outputs that a person uploads: what the columns seem to be, then the way of the shell."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from evaluation.models import EvaluationRun
from evaluation.services import scoring, scoring_files, scoring_saving
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring import Scores
from evaluation.services.scoring_files import Columns, Sheet
from training.tables import TableError
from training.tables.apart import Bounds, rows_apart
from training.tables.table import Row

if TYPE_CHECKING:
    from accounts.models import User

REFERENCES = ("reference", "references", "target", "gold", "answer", "label", "summary")
NO_SYSTEMS = {"id", "idx", "source", "prompt", "input", "question", "dialogue", "document", "fname"}


@dataclass(frozen=True)
class Asked:
    """What the form says; empty columns are taken as they seem to be. `save`: a name on the
    board, or nothing."""

    references: Sequence[str]
    systems: Sequence[str]
    metrics: Sequence[str]
    source: str = ""
    save: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Result:
    columns: Columns
    sheet: Sheet
    scores: Scores
    runs: Sequence[EvaluationRun]


def score(upload: UploadedFile, asked: Asked, owner: "User") -> Result:
    """EvaluationsError with one sentence where nothing can be scored; nothing is kept then."""
    wanted = scoring.wanted(asked.metrics)
    rows = rows_of(upload)
    columns = seeming(scoring_files.known_columns(rows), asked)
    sheet = scoring_files.chosen(rows, columns)
    scores = scoring.score(sheet, wanted)
    runs: Sequence[EvaluationRun] = ()
    if asked.save:
        runs = scoring_saving.save(
            name=asked.save, sheet=sheet, scores=scores, owner=owner, shared=asked.shared
        )
    return Result(columns, sheet, scores, runs)


def rows_of(upload: UploadedFile) -> list[Row]:
    """By a process with bounds: the file is a stranger's, and this is a web process."""
    name = upload.name or "outputs"
    seconds, memory = settings.UPLOAD_READ_SECONDS, settings.UPLOAD_READ_MEMORY_MB
    with on_disk(upload) as path:
        try:
            return rows_apart(path, name, Bounds(seconds, memory, scoring_files.MOST_ROWS))
        except TableError as error:
            raise EvaluationsError(f"{name}: {error}", "file") from error


def seeming(known: Sequence[str], asked: Asked) -> Columns:
    lower = {name.casefold(): name for name in known}
    usual = next((lower[name] for name in REFERENCES if name in lower), "")
    references = tuple(asked.references) or ((usual,) if usual else ())
    taken = {*references, asked.source}
    others = [n for n in known if n not in taken and n.casefold() not in NO_SYSTEMS]
    pairs = [name.partition("=") for name in asked.systems or others]
    systems = {column.strip(): (other.strip() or column.strip()) for column, _, other in pairs}
    return Columns(references, systems, source=asked.source)


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:
    """A file for readers that want one; gone afterwards."""
    with tempfile.NamedTemporaryFile(prefix="outputs-") as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        yield Path(file.name)
