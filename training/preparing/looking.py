"""Looking at what came: which columns and rows there are, and what kind of dataset it could be."""

import json
from collections import Counter
from typing import Any

from llmkit.adding.errors import AddError
from llmkit.adding.request import Report
from llmkit.modelstore import file_sha256
from training.kinds import suggestions
from training.preparing import hub
from training.preparing.request import UPLOAD, Request, SourceFile, save_files
from training.preparing.rows import every_row, opened
from training.tables import BadRow, RawRow

FIRST_ROWS = 20
MOST_COLUMNS = 200
LONGEST_CELL = 1500
MOST_PARTS = 12
SPLIT_NAMES = ("split", "set", "partition", "fold")


def look(request: Request, report: Report) -> dict[str, Any]:
    """The facts that a person chooses by. TableError or AddError where nothing can be read."""
    fetched: dict[str, Any] = {}
    if request.hub:
        files, fetched = hub.fetch(request, report)
    else:
        files = [SourceFile(UPLOAD, request.name)]
        fetched = {"sha256": file_sha256(request.folder / UPLOAD)}
    save_files(request.folder, files)
    facts = looked_at(request, files, report)
    return {**facts, **how_read(request, files[0]), **fetched, "splits": splits_of(files)}


def looked_at(request: Request, files: list[SourceFile], report: Report) -> dict[str, Any]:
    columns: dict[str, None] = {}
    first: list[dict[str, Any]] = []
    faults: Counter[str] = Counter()
    count = 0
    for found in every_row(request, files, "Reading", report):
        if isinstance(found.row, BadRow):
            faults[found.row.fault] += 1
            continue
        count += 1
        note_columns(columns, found.row)
        if len(first) < FIRST_ROWS:
            first.append(short(found.row.values))
    if not count:
        raise AddError(no_row(faults))
    names = list(columns)
    facts = {"columns": names, "first": first, "rows": count, "faults": dict(faults)}
    own = [name for name in names if name.strip().lower() in SPLIT_NAMES]
    return {**facts, "suggested": suggestions(names), "split_column": own[0] if own else ""}


def no_row(faults: Counter[str]) -> str:
    if not faults:
        return "It holds no rows."
    fault, count = faults.most_common(1)[0]
    return f"It holds no row that can be read. In {count:,} of them, {fault}."


def note_columns(columns: dict[str, None], row: RawRow) -> None:
    for name in row.values:
        if name not in columns and len(columns) < MOST_COLUMNS:
            columns[name] = None


def how_read(request: Request, file: SourceFile) -> dict[str, Any]:
    table = opened(request, file)
    return {"format": table.format, "header": table.header, "quotes": table.quotes}


def splits_of(files: list[SourceFile]) -> list[str]:
    return sorted({file.split for file in files if file.split})


def short(value: Any) -> Any:
    """A value small enough to be kept for a preview, without what no database holds."""
    if isinstance(value, str):
        text = value[:LONGEST_CELL].replace("\x00", "").encode("utf-8", "replace").decode()
        return f"{text} …" if len(value) > LONGEST_CELL else text
    if isinstance(value, list):
        return [short(part) for part in value[:MOST_PARTS]]
    if isinstance(value, dict):
        named = list(value.items())[:MOST_COLUMNS]
        return {str(short(name)): short(part) for name, part in named}
    return json.loads(json.dumps(value, default=str))
