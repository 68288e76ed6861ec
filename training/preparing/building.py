"""Building the files of a version: every row in its kind's one form, in its split, or refused.

A row that is the same as an earlier one is refused; so is one whose prompt an earlier row has put
into another split, so that no prompt stands in two.
"""

import hashlib
import json
import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from llmkit.adding.errors import AddError
from llmkit.adding.request import Report
from training.kinds import KINDS, RowError, canonical
from training.preparing.request import BUILT, REFUSED, Choices, Request, SourceFile, saved_files
from training.preparing.rows import Found, every_row
from training.preparing.splitting import Placer
from training.rows import Row, RowsFile, line_of
from training.splits import SPLITS
from training.statistics import Lengths
from training.tables import BadRow

SAME = "the same as an earlier row"
MOST_REFUSED_BYTES = 100_000_000


def build(request: Request, report: Report) -> dict[str, Any]:
    """Facts: `files` with their hashes, and the `report`. AddError where no row is left."""
    if request.choices is None:
        raise ValueError("Building needs choices.")
    folder = request.folder / BUILT
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with Builder(folder, request.choices) as builder:
        for found in every_row(request, saved_files(request.folder), "Building", report):
            builder.take(found)
    return builder.facts()


class Builder:
    """Open files for each split and for refused rows, and what was counted so far."""

    def __init__(self, folder: Path, choices: Choices) -> None:
        self._kind = KINDS.get(choices.kind)
        self._choices = choices
        self._placer = Placer(choices.splits)
        self._folder = folder
        self._seen: set[bytes] = set()
        self._refused: Counter[str] = Counter()
        self._refused_bytes = 0
        self._lengths = Lengths()
        self._read = 0

    def __enter__(self) -> "Builder":
        self._stack = ExitStack()
        names = {split: f"{self._kind.file}{split}.jsonl" for split in SPLITS}
        self._names = names
        self._files = {
            split: self._stack.enter_context(RowsFile(self._folder / name))
            for split, name in names.items()
        }
        refused = (self._folder / REFUSED).open("w", encoding="utf-8")
        self._refused_file: TextIO = self._stack.enter_context(refused)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, found: Found) -> None:
        self._read += 1
        try:
            self._keep(found)
        except RowError as fault:
            self._refuse(found, str(fault))

    def _keep(self, found: Found) -> None:
        if isinstance(found.row, BadRow):
            raise RowError(found.row.fault)
        row = canonical(self._kind, self._choices.mapping, found.row.values)
        mark = hashlib.blake2b(line_of(row).encode(), digest_size=16).digest()
        if mark in self._seen:
            raise RowError(SAME)
        split = self._split(row, found.row.values, found.file)
        self._seen.add(mark)
        self._files[split].add(row)
        self._lengths.add(self._kind.texts(row))

    def _split(self, row: Row, raw: dict[str, Any], file: SourceFile) -> str:
        return self._placer.place(self._kind.prompt(row), raw, file.split)

    def _refuse(self, found: Found, fault: str) -> None:
        self._refused[fault] += 1
        if self._refused_bytes > MOST_REFUSED_BYTES:
            return
        raw = found.row.raw if isinstance(found.row, BadRow) else found.row.values
        line = json.dumps({"row": found.number, "fault": fault, "raw": raw}, default=str)
        self._refused_bytes += self._refused_file.write(line + "\n")

    def facts(self) -> dict[str, Any]:
        files = {self._names[split]: file.facts for split, file in self._files.items()}
        for name in [name for name, facts in files.items() if not facts["rows"]]:
            (self._folder / name).unlink()
            del files[name]
        if not files:
            raise AddError(self._nothing())
        if not self._refused:
            (self._folder / REFUSED).unlink()
        return {"files": files, "report": self._report(files)}

    def _nothing(self) -> str:
        fault, count = self._refused.most_common(1)[0]
        return f"No row fits these columns. In {count:,} of {self._read:,}, {fault}."

    def _report(self, files: dict[str, Any]) -> dict[str, Any]:
        by_split = {s: files[n]["rows"] for s, n in self._names.items() if n in files}
        return {
            "counts": {"read": self._read, "rows": sum(by_split.values()), "splits": by_split},
            "refused": dict(self._refused),
            "statistics": self._lengths.summary(),
        }
