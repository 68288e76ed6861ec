"""Parallel texts line by line, and MMLU's tables without a header."""

import csv
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from evaluation.benchmarks.readers.reader import READERS, FileFaultError, Options, Row, lines

CHOICES = 4


@READERS.register("parallel")
def parallel(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """One file a column, in the order of `columns`; their lines belong together."""
    columns = list(options["columns"])
    if len(paths) != len(columns):
        raise FileFaultError(f"Give {len(columns)} files, in this order: {', '.join(columns)}.")
    for number, found in enumerate(zip_longest(*map(lines, paths)), start=1):
        if None in found:
            short = paths[found.index(None)].name
            raise FileFaultError(f"{short} has fewer lines than the others, which go on.")
        yield f"line {number}", dict(zip(columns, (text for _, text in found), strict=True))


@READERS.register("mmlu")
def mmlu(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """question, four choices, a letter; the subject is in the file's name: anatomy_test.csv."""
    for path in paths:
        subject = path.stem.rpartition("_")[0]
        with path.open(encoding="utf-8", newline="") as file:
            for number, cells in enumerate(csv.reader(file), start=1):
                place = f"{path.name}, row {number}"
                if len(cells) != CHOICES + 2 or cells[-1] not in "ABCD":
                    raise FileFaultError(f"{place}: it is no question, four choices and a letter.")
                answer = "ABCD".index(cells[-1])
                row = {"question": cells[0], "choices": cells[1:-1], "answer": answer}
                yield place, {**row, "subject": subject}
