"""The process that reads one table for a web process:

    python -m training.tables.child SECONDS MEMORY_MB PATH NAME MOST_ROWS MOST_BYTES

Standard output gets a row a line, [number, values] or [number, fault, raw], and {} as the last
line; or {"error": sentence} in its place. The limits are set before anything of the file is looked
at, see `llmkit.confined`.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from llmkit.confined import limit
from training.tables.reading import open_table
from training.tables.table import BadRow, Row, TableError

TOO_MUCH = "It unpacks to too much. Split it."


def lines(path: Path, name: str, most_rows: int, most_bytes: int) -> Iterator[str]:
    try:
        yield from bounded(open_table(path, name).rows, most_rows, most_bytes)
        yield "{}"
    except TableError as error:
        yield json.dumps({"error": str(error)})
    except MemoryError:
        yield json.dumps({"error": TOO_MUCH})


def bounded(rows: Iterable[Row], most_rows: int, most_bytes: int) -> Iterator[str]:
    written = 0
    for count, row in enumerate(rows, start=1):
        if count > most_rows:
            raise TableError(f"It has more than {most_rows:,} rows. Split it.")
        line = packed(row)
        written += len(line)
        if written > most_bytes:
            raise TableError(TOO_MUCH)
        yield line


def packed(row: Row) -> str:
    if isinstance(row, BadRow):
        return json.dumps([row.number, row.fault, row.raw])
    return json.dumps([row.number, row.values])


def main(seconds: str, memory_mb: str, path: str, name: str, *most: str) -> None:
    limit(int(seconds), int(memory_mb))
    for line in lines(Path(path), name, *map(int, most)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
