"""Parquet with pyarrow (https://arrow.apache.org/docs/python/parquet.html), a batch at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.tables.table import (
    LONGEST_RAW,
    BadRow,
    Limits,
    Options,
    RawRow,
    Row,
    Table,
    TableError,
    named,
    plain,
)

BATCH = 500
GROUP_BYTES = 1_000_000_000
DAMAGED = "It is damaged, or no Parquet file. Write it again."


def read(path: Path, options: Options, limits: Limits) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise TableError(DAMAGED) from error
    check(file.metadata, limits)
    progress = [0]
    size = path.stat().st_size
    found = rows(file, limits, progress)
    total = max(1, file.metadata.num_rows)
    return Table("Parquet", found, lambda: size * progress[0] // total)


def check(metadata: Any, limits: Limits) -> None:
    """The sizes are the file's own word; the process that reads has a bound on its memory."""
    groups = [metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups)]
    if sum(groups) > limits.unpacked:
        raise TableError(f"It unpacks to more than {limits.unpacked // 10**6:,} MB. Split it.")
    if max(groups, default=0) > GROUP_BYTES:
        raise TableError("Its row groups are too large. Write it with smaller ones.")


def rows(file: Any, limits: Limits, progress: list[int]) -> Iterator[Row]:
    import pyarrow

    try:
        for batch in file.iter_batches(batch_size=BATCH, use_threads=False):
            for values in batch.to_pylist():
                progress[0] += 1
                yield row(progress[0], values, limits)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise TableError(DAMAGED) from error


def row(number: int, values: dict[str, Any], limits: Limits) -> Row:
    try:
        return RawRow(number, named(plain(values)))
    except RecursionError:
        return BadRow(number, "the row is nested too deeply", str(values)[:LONGEST_RAW])
