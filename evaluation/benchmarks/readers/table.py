"""Rows between tabs, as GLUE publishes them: quotation marks mean nothing there.

gj04	1		Our friends won't buy this analysis, let alone the next one we propose.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluation.benchmarks.readers.reader import READERS, FileFaultError, Options, Row, lines


@READERS.register("table")
def read(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    for path in paths:
        yield from _rows(path, options)


def _rows(path: Path, options: Options) -> Iterator[tuple[str, Row]]:
    columns = list(options.get("columns", ()))
    for number, (place, line) in enumerate(lines(path)):
        cells = line.split("\t")
        if number == 0 and (options.get("header") or is_header(cells, columns)):
            columns = [cell.strip().lstrip("\ufeff") for cell in cells]
        elif line.strip():
            if len(cells) != len(columns):
                raise FileFaultError(
                    f"{place}: it has {len(cells)} columns, but {len(columns)} are expected "
                    f"({', '.join(columns)})."
                )
            yield place, dict(zip(columns, cells, strict=True))


def is_header(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """The names themselves, where a file has them although it need not."""
    return [cell.strip().lower() for cell in cells] == [name.lower() for name in columns]
