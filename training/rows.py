"""Dataset rows as bytes: one canonical JSON line each, hashed as it is written. No Django here."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Rows = Iterable[Mapping[str, Any]]


def line_of(row: Mapping[str, Any]) -> str:
    """One row as the same bytes every time."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


class RowsFile:
    """`with RowsFile(path) as file: file.add(row)`; `facts` once it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest, self._rows, self._bytes = hashlib.sha256(), 0, 0

    def __enter__(self) -> "RowsFile":
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: Mapping[str, Any]) -> None:
        line = line_of(row).encode()
        self._digest.update(line)
        self._bytes += self._file.write(line)
        self._rows += 1

    @property
    def facts(self) -> dict[str, Any]:
        return {"sha256": self._digest.hexdigest(), "bytes": self._bytes, "rows": self._rows}


def write(path: Path, rows: Rows) -> dict[str, Any]:
    with RowsFile(path) as file:
        for row in rows:
            file.add(row)
    return file.facts


def hash_of(files: Mapping[str, Mapping[str, Any]]) -> str:
    """One hash over the names and hashes of all files."""
    named = [[name, files[name]["sha256"]] for name in sorted(files)]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def split_of(file: str) -> str:
    """`validation` of `pairs.validation.jsonl` or `validation.jsonl`."""
    return file.removesuffix(".jsonl").rpartition(".")[2]
