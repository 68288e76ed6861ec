"""The registry of formats."""

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from llmkit.registry import Registry, discover

Row = Mapping[str, Any]
Options = Mapping[str, Any]
# The rows of one or several files, each with a place such as "dev.tsv, line 3" for messages.
Reader = Callable[[Sequence[Path], Options], Iterator[tuple[str, Row]]]


class FileFaultError(ValueError):
    """A row can't be read; the text says which and why."""


READERS: Registry[Reader] = Registry("format")


def get(name: str) -> Reader:
    load()
    return READERS.get(name)


@cache
def load() -> None:
    discover("evaluation.benchmarks.readers", [str(Path(__file__).parent)])


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Every line with its place, also of a packed file. Lines end where a line feed is, whatever
    else Unicode calls a line's end."""
    unpack = gzip.open if path.suffix == ".gz" else open
    with unpack(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            place = f"{path.name}, line {number}"
            try:
                yield place, line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise FileFaultError(f"{place}: it is not UTF-8 text.") from error
