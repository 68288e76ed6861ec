"""A task's items brought from files, all of a split or none, and where they lie then.

FOLDER/cola/validation.jsonl     the rows, named as on the hub
FOLDER/cola/about.json           per split: rows, sha256, the files they came from
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.benchmarks import readers
from evaluation.benchmarks.errors import BenchmarkError
from evaluation.benchmarks.rows import made
from evaluation.benchmarks.task import Task
from llmkit.registry import near_names

ABOUT = "about.json"


@dataclass(frozen=True)
class Local:
    """Items of a split that lie here. `expected`: how many the published split has."""

    split: str
    path: Path
    rows: int
    sha256: str
    files: Sequence[str]
    expected: int

    @property
    def whole(self) -> bool:
        return self.rows == self.expected


def local(task: Task, folder: Path) -> dict[str, Local]:
    """What lies here by split; shipped items count as brought."""
    found = {split: _shipped(task, split, path) for split, path in task.shipped.items()}
    for split, facts in _about(folder / task.home).items():
        path = folder / task.home / f"{split}.jsonl"
        if split in task.splits and path.is_file():
            expected = task.splits[split]
            told = facts["rows"], facts["sha256"], facts["files"]
            found[split] = Local(split, path, *told, expected)
    return found


def _shipped(task: Task, split: str, path: Path) -> Local:
    raw = path.read_bytes()
    rows = sum(1 for line in raw.splitlines() if line.strip())
    return Local(split, path, rows, hashlib.sha256(raw).hexdigest(), (path.name,), task.size)


def bring(task: Task, split: str, paths: Sequence[Path], folder: Path) -> Local:
    """Read, check and keep; BenchmarkError with the row that is broken, and then nothing changed.

    What the split had before is replaced.
    """
    if not task.files:
        raise BenchmarkError(f"{task.title} can't be brought from files.")
    if split not in task.splits:
        raise BenchmarkError(
            f"{task.title} has no split '{split}'. {near_names(split, task.splits)}"
        )
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        raise BenchmarkError(
            f"There is no file {', '.join(missing)}." if missing else "Name a file."
        )
    try:
        rows = list(_rows(task, paths))
    except readers.FileFaultError as error:
        raise BenchmarkError(f"{error} Nothing was brought.") from error
    except OSError as error:
        raise BenchmarkError(f"{error.filename} can't be read: {error.strerror}.") from error
    if not rows:
        raise BenchmarkError(f"There are no rows in {', '.join(p.name for p in paths)}.")
    return _kept(task, split, rows, [path.name for path in paths], folder)


def _rows(task: Task, paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    read = readers.get(task.files["reader"])
    for number, (place, row) in enumerate(read(paths, task.files)):
        yield {**made(row, task.files["rows"], place), "idx": number}


def _kept(
    task: Task, split: str, rows: Sequence[Mapping[str, Any]], files: Sequence[str], folder: Path
) -> Local:
    home = folder / task.name
    home.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    raw = text.encode("utf-8", "replace")
    facts = {"rows": len(rows), "sha256": hashlib.sha256(raw).hexdigest(), "files": list(files)}
    _write(home / f"{split}.jsonl", raw)
    about = json.dumps({**_about(home), split: facts}, indent=2)
    _write(home / ABOUT, about.encode())
    return local(task, folder)[split]


def forget(task: Task, split: str, folder: Path) -> None:
    """Remove what was brought for a split."""
    home = folder / task.name
    left = {name: facts for name, facts in _about(home).items() if name != split}
    if (home / ABOUT).is_file():
        _write(home / ABOUT, json.dumps(left, indent=2).encode())
    (home / f"{split}.jsonl").unlink(missing_ok=True)


def _about(home: Path) -> dict[str, Any]:
    try:
        found = json.loads((home / ABOUT).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, raw: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(raw)
    beside.replace(path)
