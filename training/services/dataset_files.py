"""A version's files as downloads: as they were frozen, or as a table for other programs."""

import csv
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmkit.spreadsheets import plain
from training.models import DatasetVersion
from training.services.datasets import rows_of

FORMATS = ("jsonl", "csv", "parquet")


def converted(version: DatasetVersion, file: str, form: str) -> Path:
    """A temporary file, which the caller removes. DatasetError where the rows were changed."""
    handle, name = tempfile.mkstemp(suffix=f".{form}")
    os.close(handle)
    path = Path(name)
    try:
        WRITERS[form](version, file, path)
    except BaseException:
        path.unlink()
        raise
    return path


def write_csv(version: DatasetVersion, file: str, path: Path) -> None:
    """A table; what is no text stands as JSON. Cells that a spreadsheet would run as a formula
    get an apostrophe before them."""
    names: list[str] = sorted({name for row in rows_of(version, file) for name in row})
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([cell(name) for name in names])
        for row in rows_of(version, file):
            writer.writerow([cell(row.get(name)) for name in names])


def cell(value: Any) -> str:
    if value is None:
        return ""
    return str(plain(value)) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_parquet(version: DatasetVersion, file: str, path: Path) -> None:
    """Columns whose values have no one shape in all rows are written as JSON."""
    import pyarrow
    import pyarrow.parquet

    found = list(rows_of(version, file))
    names = sorted({name for row in found for name in row})
    columns = {name: column([row.get(name) for row in found]) for name in names}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def column(values: list[Any]) -> Any:
    import pyarrow

    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array([json.dumps(value, ensure_ascii=False) for value in values])


WRITERS: dict[str, Callable[[DatasetVersion, str, Path], None]] = {
    "csv": write_csv,
    "parquet": write_parquet,
}
