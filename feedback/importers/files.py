"""The rows of an uploaded file as lines of JSON, whatever holds them: JSONL, gzipped, or Parquet.

What a file is shows in its first bytes; its name may say anything. No line is ever read further
than a row may be long, so that a small file cannot unpack into all of the memory.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
PARQUET_ROWS = 500


class NotReadableError(OSError):
    """The file is not what its first bytes say."""


def lines_of(path: Path, longest: int) -> Iterator[str]:
    """One line for each row, cut after `longest` characters or a few more."""
    if _begins_with(path, PARQUET):
        yield from _parquet_lines(path)
        return
    with _opened(path) as file:
        for number, line in enumerate(_bounded(file, longest)):
            text = line.decode("utf-8", "surrogateescape")
            yield text.removeprefix("\ufeff") if number == 0 else text


def count_rows(path: Path, longest: int) -> int:
    """How many `lines_of` will give; cheap beside reading them."""
    if _begins_with(path, PARQUET):
        return int(_parquet(path).metadata.num_rows)
    with _opened(path) as file:
        return sum(1 for _ in _bounded(file, longest))


def _begins_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _opened(path: Path) -> IO[bytes]:
    if _begins_with(path, GZIP):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _bounded(file: IO[bytes], longest: int) -> Iterator[bytes]:
    """Lines; what goes beyond `longest` bytes is read away in pieces and left out."""
    while line := file.readline(longest + 1):
        rest = line
        while len(rest) > longest and not rest.endswith(b"\n"):
            rest = file.readline(longest + 1)
        yield line


def _parquet(path: Path) -> Any:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path)
    except (pyarrow.ArrowException, ValueError) as error:
        raise NotReadableError("it is not a whole Parquet file") from error


def _parquet_lines(path: Path) -> Iterator[str]:
    """Every row as JSON; what JSON has no form for, such as a date, becomes its text."""
    import pyarrow

    try:
        for batch in _parquet(path).iter_batches(PARQUET_ROWS):
            for row in batch.to_pylist():
                yield json.dumps(row, ensure_ascii=False, default=str)
    except (pyarrow.ArrowException, ValueError) as error:
        raise NotReadableError("it is not a whole Parquet file") from error
